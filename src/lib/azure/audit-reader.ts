import type { SqlParameter } from '@azure/cosmos';
import type { AuditDocument, AuditReader, PageQuery } from '../audit';
import type { Azure } from './clients';
import { withoutSystemMembers } from './audit-sinks';

/** Reads of `audit/events` for those who review it. */
export function createAuditReader(azure: Azure): AuditReader {
  async function select(query: string, parameters: SqlParameter[]): Promise<AuditDocument[]> {
    const container = await azure.container('audit/events');
    const { resources } = await container.items.query<AuditDocument>({ query, parameters }).fetchAll();
    return resources.map(withoutSystemMembers);
  }
  return {
    page(partitions, query) {
      const { conditions, parameters } = conditionsOf(partitions, query);
      const order = query.order === 'desc' ? 'DESC' : 'ASC';
      // Served by the composite index that topology.json gives the container.
      return select(
        `SELECT * FROM c WHERE ${conditions.join(' AND ')} ` +
          `ORDER BY c.occurredAt ${order}, c.id ${order} OFFSET 0 LIMIT @limit`,
        [...parameters, { name: '@limit', value: query.limit }],
      );
    },
    async find(tenantId, id) {
      // An id does not say its day, and with it its partition; the index on `id` answers for all of them.
      const parameters = [
        { name: '@id', value: id },
        { name: '@tenant', value: tenantId },
        { name: '@prefix', value: `${tenantId}|` },
      ];
      const condition = 'c.id = @id AND c.tenantId = @tenant AND STARTSWITH(c.pk, @prefix)';
      return (await select(`SELECT * FROM c WHERE ${condition}`, parameters))[0];
    },
  };
}

function conditionsOf(
  partitions: readonly string[],
  { from, to, start, order, patient, entity, agent, outcome }: PageQuery,
): { conditions: string[]; parameters: SqlParameter[] } {
  const parameters: SqlParameter[] = [];
  const bind = (value: string): string => {
    const name = `@p${parameters.length}`;
    parameters.push({ name, value });
    return name;
  };
  const isIn = (path: string, values: readonly string[]): string =>
    `${path} IN (${values.map(bind).join(', ')})`;
  const holds = (array: string, member: string, values: readonly string[]): string =>
    `(${values.map((value) => `ARRAY_CONTAINS(${array}, {"${member}": ${bind(value)}}, true)`).join(' OR ')})`;
  const conditions = [
    isIn('c.pk', partitions),
    `c.occurredAt >= ${bind(from)}`,
    `c.occurredAt < ${bind(to)}`,
    ...(patient ? [holds('c.entities', 'what', patient)] : []),
    // The request that an event belongs to is one of its entities in FHIR.
    ...(entity ? [`(${holds('c.entities', 'what', entity)} OR ${isIn('c.correlationId', entity)})`] : []),
    ...(agent ? [holds('c.agents', 'who', agent)] : []),
    ...(outcome ? [isIn('c.outcome', outcome)] : []),
  ];
  if (start) {
    const beyond = order === 'desc' ? '<' : '>';
    const at = bind(start.at);
    conditions.push(
      `(c.occurredAt ${beyond} ${at} OR (c.occurredAt = ${at} AND c.id ${beyond}= ${bind(start.id)}))`,
    );
  }
  return { conditions, parameters };
}
