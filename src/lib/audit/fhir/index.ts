export { auditEventsOf, type Opened } from './audit-event';
export { balpFaults, balpUrl, type BalpProfile } from './balp';
