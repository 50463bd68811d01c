import * as z from 'zod';
import { TENANT_ID } from '../security';
import { ROLES } from './principal';

const tenants = z
  .array(z.union([z.literal('*'), z.string().regex(TENANT_ID, 'is not a tenant id')]))
  .min(1)
  .describe('whose data it may see; "*" for every tenant');
const roles = z.array(z.enum(ROLES)).min(1);

const client = z.strictObject({
  kind: z.literal('client'),
  name: z.string().regex(/^[\w.-]{1,60}$/, 'may hold letters, digits, dots, hyphens and underscores'),
  keySha256: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hex'))
    .min(1)
    .describe('of the function keys that the client uses; two while one replaces the other'),
  tenants,
  roles,
});

const claim = z.string().min(1);
const issuer = z.strictObject({
  kind: z.literal('issuer'),
  issuer: z.string().min(1).describe('the claim iss, byte for byte'),
  audience: z.string().min(1).describe('the claim aud that names this app'),
  jwksUri: z
    .url()
    .refine(
      (url) => /^https:|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url),
      'is not an https URL',
    ),
  /** More than a token may give is never granted. */
  tenants,
  roles,
  claims: z
    .strictObject({ user: claim, name: claim, client: claim, tenants: claim, roles: claim })
    .partial()
    .default({})
    .describe('names of the claims, where they are not sub, name, azp, tenants and roles'),
});

/** One file under config/principals: a client application by its key, or who issues tokens to people. */
export const principalSchema = z.discriminatedUnion('kind', [client, issuer]);

export type ClientConfig = z.infer<typeof client>;
export type IssuerConfig = z.infer<typeof issuer>;
export type PrincipalConfig = ClientConfig | IssuerConfig;
