/** What a signed checkpoint states about a log. */
export interface CheckpointBody {
  readonly origin: string;
  readonly size: number;
  /** hex */
  readonly root: string;
  /** 1, 2, 3...: a gap is a missing checkpoint. */
  readonly seq: number;
  /** ISO 8601 UTC */
  readonly time: string;
  /** hex SHA-256 of the previous note's UTF-8, or empty when there is none. */
  readonly previous: string;
}

export const logOrigin = (tenantId: string, year: string): string => `medrelay.audit/${tenantId}/${year}`;

/** C2SP tlog-checkpoint; the lines after the third are its extension lines. */
export function formatCheckpoint({ origin, size, root, seq, time, previous }: CheckpointBody): string {
  const lines = [origin, size, Buffer.from(root, 'hex').toString('base64')];
  return [...lines, `seq ${seq}`, `time ${time}`, `previous ${previous || '-'}`, ''].join('\n');
}

const CHECKPOINT = new RegExp(
  [
    '^([\\x21-\\x7e]+)',
    '(0|[1-9]\\d{0,15})',
    '([A-Za-z0-9+/]{43}=)',
    'seq ([1-9]\\d{0,15})',
    'time (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)',
    'previous (-|[0-9a-f]{64})',
    '$',
  ].join('\\n'),
);

/** Undefined for what is not the text of one of our checkpoints, letter by letter. */
export function parseCheckpoint(text: string): CheckpointBody | undefined {
  const [, origin, size, root, seq, time, previous] = CHECKPOINT.exec(text) ?? [];
  if (origin === undefined || root === undefined || time === undefined) return undefined;
  const body: CheckpointBody = {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64').toString('hex'),
    seq: Number(seq),
    time,
    previous: previous === '-' || previous === undefined ? '' : previous,
  };
  return formatCheckpoint(body) === text ? body : undefined;
}
