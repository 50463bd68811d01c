export { allowsSender, isTenantId, type Tenant } from './tenant';
export { loadJsonFolder, loadTenants } from './load';
