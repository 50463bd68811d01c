import type { OperationInput, RequestOptions, SqlQuerySpec } from '@azure/cosmos';
import type { BlobContainer, ContainerPath } from '../src/lib/azure/clients';
import { eventOf } from './messages';

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

/** `read clinical/resources` -> average per message of each event. */
export function averages(recorded: readonly MessageCalls[]): Record<string, Record<string, number>> {
  const messages: Record<string, number> = {};
  const counts: Record<string, Record<string, number>> = {};
  for (const [n, groups] of recorded.entries()) {
    const event = eventOf(n);
    messages[event] = (messages[event] ?? 0) + 1;
    for (const { kind, at } of groups.flat()) {
      const row = (counts[`${kind} ${at}`] ??= {});
      row[event] = (row[event] ?? 0) + 1;
    }
  }
  const average = (row: Record<string, number>) =>
    Object.fromEntries(
      Object.keys(messages).map((event) => [
        event,
        Math.round((100 * (row[event] ?? 0)) / (messages[event] ?? 1)) / 100,
      ]),
    );
  return Object.fromEntries(Object.entries(counts).map(([request, row]) => [request, average(row)]));
}
