import type { OperationInput, RequestOptions, SqlQuerySpec } from '@azure/cosmos';
import type { BlobContainer, ContainerPath } from '../src/lib/azure/clients';

/** A request to Cosmos DB or blob storage, as its SDK is asked for it. */
export type Call =
  | {
      readonly kind: 'create';
      readonly at: ContainerPath;
      readonly document: object;
      options: RequestOptions;
    }
  | { readonly kind: 'read'; readonly at: ContainerPath; readonly id: string; readonly pk: string }
  | {
      readonly kind: 'replace';
      readonly at: ContainerPath;
      readonly id: string;
      readonly pk: string;
      readonly document: object;
      readonly options: RequestOptions;
    }
  | {
      readonly kind: 'batch';
      readonly at: ContainerPath;
      readonly pk: string;
      readonly operations: OperationInput[];
    }
  | { readonly kind: 'query'; readonly at: ContainerPath; readonly query: SqlQuerySpec; readonly pk: string }
  | { readonly kind: 'upload'; readonly at: BlobContainer; readonly name: string; readonly bytes: Buffer };

/** One message's requests: groups one after another, the calls of a group at once. */
export type MessageCalls = readonly (readonly Call[])[];

/** `read clinical/resources` -> average per message. */
export function averages(recorded: readonly MessageCalls[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, at } of recorded.flat(2)) {
    const name = `${kind} ${at}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [
      name,
      Math.round((count / recorded.length) * 1000) / 1000,
    ]),
  );
}
