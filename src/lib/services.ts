import { setTimeout as delay } from 'node:timers/promises';
import {
  createAudit,
  createAuditApi,
  createProjections,
  createAuditReplay,
  createEvidence,
  createSealer,
  createDeadLetters,
  createSinkGuards,
  createTrail,
  listAuditEvents,
  presetSchema,
  readBacklog,
  sealStatus,
  type AuditLibrary,
  type AuditBacklog,
  type AuditApi,
  type AuditDocument,
  type AuditRange,
  type AuditReplay,
  type Projections,
  type DeadLetters,
  type Evidence,
  type Sealer,
  type SealStatus,
  type Trail,
} from './audit';
import {
  classifyAzureError,
  createAuditReader,
  createProjectionStore,
  createAnchorStore,
  createArchive,
  createAzure,
  createBacklogSource,
  createCheckpointSigner,
  createConfigStore,
  createDataKeyStore,
  createEventFeed,
  createEventJournal,
  createEventQueue,
  createEventStore,
  createKeyWrap,
  createLogStore,
  createGrowthReader,
  createProofSource,
  createTrailReader,
  readShredded,
  type Azure,
} from './azure';
import { loadConfig, type Config } from './config';
import { selectProfile, senderProfileSchema, type SenderProfile } from './convert';
import { MedrelayError } from './errors';
import {
  cosmosResourceContainer,
  createFhirStore,
  protectedContainer,
  protectionPolicySchema,
  type FhirStore,
  type ProtectionPolicy,
} from './fhir';
import { azurePorts, createDeadLetterQueue, createIngest, createInterpreter, type Ingest } from './ingest';
import { createPrincipals, principalSchema } from './principals';
import { createFieldCipher, createKeyCustodian, type KeyCustodian } from './security';
import { createTenantDirectory, loadJsonFolder, loadTenants, type Tenant } from './tenants';

/** What the functions and the command line use, wired once. */
export interface Services {
  readonly config: Config;
  readonly azure: Azure;
  /** Of the files, and once `freshConfig` has been waited for, of database `config`. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  freshConfig(): Promise<void>;
  /** False while files or older versions stand in for database `config`. */
  isConfigCurrent(): boolean;
  readonly profiles: readonly SenderProfile[];
  readonly ingest: Ingest;
  readonly fhir: FhirStore;
  readonly audit: AuditLibrary;
  /** For people with the key custodian's rights, on the command line. */
  readonly keyCustodian: KeyCustodian;
  readonly auditReplay: AuditReplay;
  readonly auditDeadLetters: DeadLetters;
  /** What is recorded and not in the store yet, counted up to `limit` at each place. */
  auditBacklog(limit?: number): Promise<AuditBacklog>;
  readonly sealer: Sealer;
  sealStatus(): Promise<SealStatus>;
  readonly trail: Trail;
  readonly evidence: Evidence;
  /** The audit trail over HTTP, for principals. */
  readonly auditApi: AuditApi;
  /** Lists by patient, user and day; rebuildable, never evidence. */
  readonly projections: Projections;
  listAudit(tenantId: string, range: AuditRange): Promise<AuditDocument[]>;
  close(): Promise<void>;
}

/** `app` names the process in audit records: `medrelay-functions`, `medrelay-cli`. */
export function createServices(app: string, config: Config = loadConfig()): Services {
  const azure = createAzure(config.connections);
  const directory = createTenantDirectory({
    seeds: {
      tenants: loadTenants(config.configDir),
      presets: loadJsonFolder(`${config.configDir}/presets`, presetSchema),
    },
    store: createConfigStore(azure),
    residency: config.residency,
  });
  const { tenants } = directory;
  const profiles = loadJsonFolder(`${config.configDir}/profiles`, senderProfileSchema);
  if (!tenants.has(config.defaultTenant)) {
    throw new MedrelayError(
      'CONFIG_INVALID',
      `DEFAULT_TENANT is "${config.defaultTenant}", which ${config.configDir}/tenants does not describe.`,
    );
  }
  const keyWrap = createKeyWrap(config);
  const keyStore = createDataKeyStore(azure);
  const cipher = createFieldCipher({ keyWrap, store: keyStore });
  const events = createEventStore(azure);
  const auditPorts = {
    app,
    cipher,
    store: events,
    queue: createEventQueue(azure),
    journal: createEventJournal(azure),
    classify: classifyAzureError,
    presetOf: directory.presetOf,
  };
  const guards = createSinkGuards(classifyAzureError);
  const audit = createAudit(auditPorts, guards);
  const auditReplay = createAuditReplay(
    { ...auditPorts, retryDelaysSeconds: config.retryDelaysSeconds },
    guards,
  );
  const resources = protectedContainer(
    cosmosResourceContainer(() => azure.container('clinical/resources')),
    cipher,
    loadProtection(config.configDir),
  );
  const sealPorts = {
    log: createLogStore(azure),
    anchors: createAnchorStore(azure),
    feed: createEventFeed(azure),
    signer: createCheckpointSigner(config),
    verifyMac: cipher.verifyMac,
    audit,
    defaultTenant: config.defaultTenant,
    isTenant: (id: string) => tenants.has(id),
    clock: { now: Date.now, sleep: (milliseconds: number) => delay(milliseconds) },
  };
  const trail = createTrail({
    reader: (tenantId) => createTrailReader(azure, sealPorts.anchors, tenantId),
    proofSource: (tenantId) => createProofSource(azure, tenantId),
    growthReader: (tenantId) => createGrowthReader(azure, sealPorts.anchors, tenantId),
    shredded: (tenantId) => readShredded(azure, tenantId),
    anchors: sealPorts.anchors,
    signer: sealPorts.signer,
    cipher,
    configuredTenants: () => tenants.keys(),
    now: () => new Date(),
  });
  const auditReader = createAuditReader(azure);
  const ingest = createIngest({
    ...azurePorts(azure, cipher),
    tenants: { defaultTenant: config.defaultTenant, find: (id) => tenants.get(id) },
    profiles,
    profileOf: (tenantId, { application, facility }) =>
      selectProfile(profiles, tenantId, { sendingApplication: application, sendingFacility: facility }),
    interpret: createInterpreter(profiles),
    resources,
    audit,
    clock: { now: () => new Date(), sleep: (milliseconds) => delay(milliseconds) },
    retryDelaysSeconds: config.retryDelaysSeconds,
    maxInlineBytes: config.maxInlineBytes,
  });
  return {
    config,
    azure,
    tenants,
    freshConfig: directory.fresh,
    isConfigCurrent: directory.isCurrent,
    profiles,
    ingest,
    fhir: createFhirStore(resources),
    audit,
    keyCustodian: createKeyCustodian(keyWrap, keyStore),
    auditReplay,
    auditDeadLetters: createDeadLetters({
      letters: createDeadLetterQueue(azure, 'audit-ingest'),
      replay: auditReplay,
      audit,
      cipher,
      defaultTenant: config.defaultTenant,
      archive: createArchive(azure),
    }),
    auditBacklog: (limit = 1_000) => readBacklog(createBacklogSource(azure), guards, limit),
    sealer: createSealer(sealPorts),
    sealStatus: () => sealStatus(sealPorts),
    trail,
    evidence: createEvidence({
      reader: trail.reader,
      signer: sealPorts.signer,
      audit,
      now: () => new Date(),
    }),
    projections: createProjections(createProjectionStore(azure), auditReader),
    auditApi: createAuditApi({
      principals: createPrincipals(loadJsonFolder(`${config.configDir}/principals`, principalSchema), {
        isDevelopment: config.environment === 'Development',
      }),
      reader: auditReader,
      cipher,
      audit,
      tenants,
      defaultTenant: config.defaultTenant,
      now: () => new Date(),
    }),
    listAudit: (tenantId, range) => listAuditEvents(events, tenantId, range),
    close: () => azure.close(),
  };
}

let shared: Services | undefined;

/** The functions' own, made by the first invocation: a cold start registers triggers and connects nothing. */
export const functionServices = (): Services => (shared ??= createServices('medrelay-functions'));

function loadProtection(configDir: string): ProtectionPolicy {
  const [policy, ...others] = loadJsonFolder(`${configDir}/protection`, protectionPolicySchema);
  if (policy && others.length === 0) return policy;
  throw new MedrelayError(
    'CONFIG_INVALID',
    `${configDir}/protection must hold exactly one file: which elements of patient records are stored encrypted.`,
  );
}
