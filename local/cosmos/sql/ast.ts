import type { Json } from './value';

export type Expression =
  | { kind: 'constant'; value: Json }
  | { kind: 'undefined' }
  | { kind: 'parameter'; name: string }
  | { kind: 'name'; name: string; at: number }
  | { kind: 'member'; target: Expression; name: string }
  | { kind: 'index'; target: Expression; index: Expression }
  | { kind: 'object'; fields: { name: string; value: Expression }[] }
  | { kind: 'array'; items: Expression[] }
  | { kind: 'unary'; operator: string; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'all' | 'any'; operands: Expression[] }
  | { kind: 'condition'; test: Expression; yes: Expression; no: Expression }
  | { kind: 'in'; operand: Expression; items: Expression[] }
  | { kind: 'between'; operand: Expression; low: Expression; high: Expression }
  | { kind: 'like'; operand: Expression; pattern: Expression; escape: string | undefined }
  | { kind: 'call'; name: string; args: Expression[]; at: number }
  | { kind: 'subquery'; mode: 'exists' | 'array' | 'scalar'; query: Query };

export interface Query {
  distinct: boolean;
  top: Expression | undefined;
  select:
    | { kind: 'star' }
    | { kind: 'value'; value: Expression }
    | { kind: 'list'; fields: { name: string; value: Expression }[] };
  from: Source[];
  where: Expression | undefined;
  groupBy: Expression[];
  orderBy: { by: Expression; descending: boolean }[];
  offset: Expression | undefined;
  limit: Expression | undefined;
  /** The clauses as they were written, from which the query for one physical partition is made. */
  written: {
    /** After DISTINCT and TOP. */
    select: string;
    /** Of each selected expression without its alias; of `VALUE x` the one. */
    fields: string[];
    from: string;
    where: string | undefined;
    groupBy: string[];
    orderBy: string[];
  };
}

/** One source of a FROM clause; `each` iterates the elements of an array (`x IN c.items`). */
export interface Source {
  alias: string;
  each: boolean;
  input: Expression | Query;
}

export const isQuery = (input: Expression | Query): input is Query => 'select' in input;
