export { allowsSender, isTenantId, type Tenant } from './tenant';
export { loadJsonFolder, loadTenants } from './load';
export { createTenantDirectory, type ConfigStore, type TenantDirectory } from './directory';
export { versionId, type ConfigVersion } from './versions';
