/** No character that could separate, climb or hide in a partition key, a path or a key id. */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
