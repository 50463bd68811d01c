import { propertiesOf, type Catalog, type Throughput } from './catalog';
import { badRequest, notFound } from './errors';
import { containerRid, databaseRid, etagOf } from './rid';
import { isObject, type JsonObject } from './sql/value';
import type { ResourceRow } from './store';

const provisioned = (catalog: Catalog): { row: ResourceRow; throughput: Throughput }[] =>
  [...catalog.databases.values(), ...catalog.containers()].flatMap(({ row }) => {
    const { throughput } = propertiesOf(row);
    return throughput === undefined ? [] : [{ row, throughput }];
  });

const offerId = (row: ResourceRow) => `offer${row.number}`;

/** The throughput of the databases and containers that were created with one. */
export function listOffers(catalog: Catalog): JsonObject[] {
  return provisioned(catalog).map(({ row, throughput }) => {
    const owner = databaseRid(row.parent || row.number);
    const rid = row.parent === 0 ? owner : containerRid(row.parent, row.number);
    return {
      id: offerId(row),
      _rid: offerId(row),
      _self: `offers/${offerId(row)}/`,
      _etag: etagOf(row.number, row.version),
      _ts: row.ts,
      offerVersion: 'V2',
      resource: row.parent === 0 ? `dbs/${owner}/` : `dbs/${owner}/colls/${rid}/`,
      offerResourceId: rid,
      content: { ...throughput } as JsonObject,
    };
  });
}

export function replaceOffer(catalog: Catalog, id: string, body: unknown): void {
  const found = provisioned(catalog).find(({ row }) => offerId(row) === id.toLowerCase());
  if (found === undefined) throw notFound('The offer');
  const content = isObject(body) ? body['content'] : undefined;
  if (!isObject(content)) throw badRequest("An offer needs its throughput in 'content'.");
  const { offerThroughput, offerAutopilotSettings } = content as Throughput;
  catalog.setThroughput(found.row, {
    ...(offerThroughput !== undefined && { offerThroughput }),
    ...(offerAutopilotSettings !== undefined && { offerAutopilotSettings }),
  });
}
