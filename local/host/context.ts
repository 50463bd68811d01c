import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DurableOptions } from '../durable';
import type { HostSettings } from './host-json';
import type { Invoker } from './invoker';
import type { Env } from './settings';

/** Answers requests under `/runtime/webhooks/NAME/`; their key has been checked. `path` begins after the name. */
export type Webhook = (req: IncomingMessage, res: ServerResponse, path: string, url: URL) => Promise<void>;

/** What triggers and bindings get from the host. */
export interface HostContext {
  readonly env: Env;
  readonly settings: HostSettings;
  /** Names this host in shared storage. */
  readonly hostId: string;
  /** Where clients reach this host. */
  readonly baseUrl: string;
  /** The system key `NAME_extension` that opens an extension's webhooks. */
  systemKey(extension: string): string;
  /** Extensions put their HTTP interface here, under their name. */
  readonly webhooks: Map<string, Webhook>;
  readonly invoker: Invoker;
  /** Where extensions keep what Azure keeps in the cloud. */
  readonly dataDir: string | undefined;
  /** For tests and drills of the Durable backend. */
  readonly durable: Pick<DurableOptions, 'clock' | 'onCommit'>;
  log(line: string): void;
}
