/**
 * AMQP 1.0 message bytes (OASIS amqp-core-messaging 3.2) taken apart and put together without decoding the body.
 *
 * A broker may change the header and the annotations and nothing else: the bare message belongs to the sender.
 * Decoding and encoding it again would turn a `long` into a `uint` or a `data` section into a `value`, so the
 * bytes are cut at section borders and spliced.
 */
import { randomUUID } from 'node:crypto';
import { types, type Typed } from 'rhea';

export class MalformedMessage extends Error {}

const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
} as const;
/** The symbolic descriptors that a peer may send in place of the numeric ones. */
const SYMBOLIC: Record<string, number> = {
  'amqp:header:list': SECTION.header,
  'amqp:delivery-annotations:map': SECTION.deliveryAnnotations,
  'amqp:message-annotations:map': SECTION.messageAnnotations,
  'amqp:properties:list': SECTION.properties,
  'amqp:application-properties:map': SECTION.applicationProperties,
};

/** Set by the broker on every delivery, so what a sender puts there is dropped. */
const BROKER_ANNOTATIONS = new Set([
  'x-opt-sequence-number',
  'x-opt-enqueued-time',
  'x-opt-enqueue-sequence-number',
  'x-opt-locked-until',
  'x-opt-message-state',
  'x-opt-deadletter-source',
  'x-opt-scheduled-enqueue-time',
]);

/** Key and value pairs of an AMQP map, still encoded. */
export interface EncodedPairs {
  count: number;
  bytes: Uint8Array;
}

/** One message as a sender gave it to the broker. */
export interface Envelope {
  durable: boolean;
  priority: number | null;
  ttl: number | null;
  scheduledFor: number | null;
  annotations: EncodedPairs;
  /** The message-id with its AMQP type, for duplicate detection. */
  messageId: string;
  sessionId: string | null;
  bare: Uint8Array;
}

/** Position just behind the value that starts at `at`; the type code says how wide it is (amqp-core-types 1.2). */
function skip(buffer: Buffer, at: number): number {
  const code = byteAt(buffer, at);
  if (code === 0x00) return skip(buffer, skip(buffer, at + 1));
  const width = WIDTH[code >>> 4];
  if (width === undefined) throw new MalformedMessage(`unknown AMQP type 0x${code.toString(16)}`);
  if (width.size === 'fixed') return within(buffer, at + 1 + width.bytes);
  within(buffer, at + 1 + width.bytes);
  return within(buffer, at + 1 + width.bytes + buffer.readUIntBE(at + 1, width.bytes));
}
const fixed = (bytes: number) => ({ size: 'fixed' as const, bytes });
const prefixed = (bytes: number) => ({ size: 'prefixed' as const, bytes });
const WIDTH: Record<number, { size: 'fixed' | 'prefixed'; bytes: number }> = {
  0x4: fixed(0),
  0x5: fixed(1),
  0x6: fixed(2),
  0x7: fixed(4),
  0x8: fixed(8),
  0x9: fixed(16),
  0xa: prefixed(1),
  0xb: prefixed(4),
  0xc: prefixed(1),
  0xd: prefixed(4),
  0xe: prefixed(1),
  0xf: prefixed(4),
};

function within(buffer: Buffer, position: number): number {
  if (position > buffer.length) throw new MalformedMessage('the message ends inside a value');
  return position;
}

function byteAt(buffer: Buffer, at: number): number {
  const byte = buffer[at];
  if (byte === undefined) throw new MalformedMessage('the message ends inside a value');
  return byte;
}

interface Section {
  code: number;
  start: number;
  value: number;
  end: number;
}

function readSection(buffer: Buffer, start: number): Section {
  if (byteAt(buffer, start) !== 0x00) throw new MalformedMessage('expected a described section');
  const value = skip(buffer, start + 1);
  return { code: descriptorCode(buffer, start + 1), start, value, end: skip(buffer, value) };
}

function descriptorCode(buffer: Buffer, at: number): number {
  switch (byteAt(buffer, at)) {
    case 0x53:
      return byteAt(buffer, at + 1);
    case 0x80:
      return Number(buffer.readBigUInt64BE(at + 1));
    case 0xa3:
    case 0xb3:
      return SYMBOLIC[readText(buffer, at)] ?? -1;
    default:
      throw new MalformedMessage('a section descriptor is neither a number nor a symbol');
  }
}

function readText(buffer: Buffer, at: number): string {
  const wide = byteAt(buffer, at) >>> 4 === 0xb;
  return buffer.toString('utf8', at + (wide ? 5 : 2), skip(buffer, at));
}

/** A number, or a timestamp as milliseconds; null for AMQP null and for anything that is not a number. */
function readNumber(buffer: Buffer, at: number): number | null {
  switch (byteAt(buffer, at)) {
    case 0x43:
    case 0x44:
      return 0;
    case 0x50:
    case 0x52:
    case 0x53:
      return byteAt(buffer, at + 1);
    case 0x54:
    case 0x55:
      return buffer.readInt8(at + 1);
    case 0x60:
      return buffer.readUInt16BE(at + 1);
    case 0x70:
      return buffer.readUInt32BE(at + 1);
    case 0x71:
      return buffer.readInt32BE(at + 1);
    case 0x80:
    case 0x81:
    case 0x83:
      return Number(buffer.readBigInt64BE(at + 1));
    default:
      return null;
  }
}

function readBoolean(buffer: Buffer, at: number): boolean {
  const code = byteAt(buffer, at);
  return code === 0x41 || (code === 0x56 && byteAt(buffer, at + 1) === 1);
}

/** Start of each element of a list or map, and the end of the last one. */
function elements(buffer: Buffer, at: number): number[] {
  const code = byteAt(buffer, at);
  if (code === 0x45) return [at + 1];
  const wide = code === 0xd0 || code === 0xd1;
  if (!wide && code !== 0xc0 && code !== 0xc1) throw new MalformedMessage('expected a list or a map');
  const end = skip(buffer, at);
  const size = wide ? 4 : 1;
  within(buffer, at + 1 + 2 * size);
  let count = buffer.readUIntBE(at + 1 + size, size);
  const positions = [at + 1 + 2 * size];
  for (let position = at + 1 + 2 * size; count > 0; count--) {
    position = skip(buffer, position);
    if (position > end) throw new MalformedMessage('a list is longer than its size says');
    positions.push(position);
  }
  return positions;
}

interface Pair {
  key: string;
  bytes: Buffer;
  value: number;
}

function pairs(buffer: Buffer, at: number): Pair[] {
  const positions = elements(buffer, at);
  const found: Pair[] = [];
  for (let i = 0; i + 2 < positions.length; i += 2) {
    const [key, value, end] = [positions[i] ?? 0, positions[i + 1] ?? 0, positions[i + 2] ?? 0];
    found.push({ key: readText(buffer, key), bytes: buffer.subarray(key, end), value });
  }
  return found;
}

function joined(list: readonly Pair[]): EncodedPairs {
  return { count: list.length * 2, bytes: Buffer.concat(list.map((pair) => pair.bytes)) };
}

export function parseMessage(raw: Buffer): Envelope {
  const envelope: Envelope = {
    durable: false,
    priority: null,
    ttl: null,
    scheduledFor: null,
    annotations: { count: 0, bytes: Buffer.alloc(0) },
    messageId: '',
    sessionId: null,
    bare: raw,
  };
  let bareStart = raw.length;
  let properties: Section | undefined;
  for (let at = 0; at < raw.length;) {
    const section = readSection(raw, at);
    at = section.end;
    if (section.code === SECTION.header) {
      const fields = elements(raw, section.value);
      const field = (index: number): number | undefined =>
        index + 1 < fields.length ? fields[index] : undefined;
      const [durable, priority, ttl] = [field(0), field(1), field(2)];
      envelope.durable = durable !== undefined && readBoolean(raw, durable);
      envelope.priority = priority === undefined ? null : readNumber(raw, priority);
      envelope.ttl = ttl === undefined ? null : readNumber(raw, ttl);
    } else if (section.code === SECTION.messageAnnotations) {
      const all = pairs(raw, section.value);
      const scheduled = all.find((pair) => pair.key === 'x-opt-scheduled-enqueue-time');
      envelope.scheduledFor = scheduled ? readNumber(raw, scheduled.value) : null;
      envelope.annotations = joined(all.filter((pair) => !BROKER_ANNOTATIONS.has(pair.key)));
    } else if (section.code !== SECTION.deliveryAnnotations) {
      if (bareStart === raw.length) bareStart = section.start;
      if (section.code === SECTION.properties) properties = section;
    }
  }
  if (bareStart === raw.length) throw new MalformedMessage('the message has no body');
  return { ...envelope, ...identified(raw, bareStart, properties) };
}

/**
 * The bare message, with a message-id given where the sender left it out: the JavaScript SDK throws at settlement
 * when a received message has none.
 */
function identified(raw: Buffer, bareStart: number, properties: Section | undefined) {
  const fields = properties ? elements(raw, properties.value) : [];
  const [idStart, idEnd] = fields;
  const group = fields.length > GROUP_ID + 1 ? fields[GROUP_ID] : undefined;
  const sessionId = group === undefined || byteAt(raw, group) === 0x40 ? null : readText(raw, group);
  if (idStart !== undefined && idEnd !== undefined && byteAt(raw, idStart) !== 0x40) {
    return { sessionId, messageId: raw.toString('latin1', idStart, idEnd), bare: raw.subarray(bareStart) };
  }
  const id = write(types.wrap_string(randomUUID().replaceAll('-', '')));
  const rest = idEnd === undefined ? Buffer.alloc(0) : raw.subarray(idEnd, fields.at(-1));
  const count = Math.max(1, fields.length - 1);
  const section = Buffer.concat([
    Buffer.from([0x00, 0x53, SECTION.properties]),
    compound(0xd0, count, [id, rest]),
  ]);
  const before = properties ? raw.subarray(bareStart, properties.start) : Buffer.alloc(0);
  const after = raw.subarray(properties ? properties.end : bareStart);
  return { sessionId, messageId: id.toString('latin1'), bare: Buffer.concat([before, section, after]) };
}

/** Places of the text fields of the properties section (amqp-core-messaging 3.2.4). */
const GROUP_ID = 10;
const PLACES = {
  MessageId: 0,
  To: 2,
  Label: 3,
  ReplyTo: 4,
  CorrelationId: 5,
  ContentType: 6,
  SessionId: GROUP_ID,
  ReplyToSessionId: 12,
} as const;

/** What a rule changes in the copy that it makes. */
export interface MessageChanges {
  /** undefined removes. */
  readonly application: ReadonlyMap<string, unknown>;
  readonly system: Readonly<Partial<Record<keyof typeof PLACES, string>>>;
}

export function withChanges(bare: Uint8Array, { application, system }: MessageChanges): Buffer {
  const changed = withProperties(asBuffer(bare), system);
  return application.size === 0
    ? changed
    : withApplicationProperties(changed, Object.fromEntries(application));
}

function withProperties(bare: Buffer, system: MessageChanges['system']): Buffer {
  const entries = Object.entries(system) as [keyof typeof PLACES, string][];
  if (entries.length === 0) return bare;
  const first = readSection(bare, 0);
  const positions = first.code === SECTION.properties ? elements(bare, first.value) : [0];
  const end = first.code === SECTION.properties ? first.end : 0;
  const fields: Buffer[] = positions.slice(1).map((stop, i) => bare.subarray(positions[i], stop));
  for (const [name, value] of entries) {
    const place = PLACES[name];
    while (fields.length <= place) fields.push(NULL);
    fields[place] = write(name === 'ContentType' ? types.wrap_symbol(value) : types.wrap_string(value));
  }
  const section = Buffer.from([0x00, 0x53, SECTION.properties]);
  return Buffer.concat([section, compound(0xd0, fields.length, fields), bare.subarray(end)]);
}

/** The bare message with these application properties set (undefined: removed); all others keep their encoding. */
export function withApplicationProperties(bare: Uint8Array, changes: Record<string, unknown>): Buffer {
  const buffer = asBuffer(bare);
  let start = 0;
  let end = 0;
  let kept: Pair[] = [];
  for (let at = 0; at < buffer.length;) {
    const section = readSection(buffer, at);
    at = section.end;
    if (section.code === SECTION.properties) start = end = section.end;
    if (section.code === SECTION.applicationProperties) {
      start = section.start;
      end = section.end;
      kept = pairs(buffer, section.value).filter((pair) => !Object.hasOwn(changes, pair.key));
    }
  }
  const set = Object.entries(changes)
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [write(types.wrap_string(key)), write(types.wrap(value))]);
  const map = compound(0xd1, kept.length * 2 + set.length, [...kept.map((pair) => pair.bytes), ...set]);
  return Buffer.concat([
    buffer.subarray(0, start),
    Buffer.from([0x00, 0x53, SECTION.applicationProperties]),
    map,
    buffer.subarray(end),
  ]);
}

/** What the broker says about a message when it delivers it. */
export interface DeliveryFacts {
  durable: boolean;
  priority: number | null;
  ttl: number | null;
  deliveryCount: number;
  sequence: number;
  enqueuedSequence: number;
  enqueuedAt: number;
  lockedUntil: number | null;
  scheduledFor: number | null;
  /** 0 active, 1 deferred, 2 scheduled: the values of ServiceBusMessageState. */
  state: number;
  deadLetterSource: string | null;
}

export function encodeDelivery(facts: DeliveryFacts, annotations: EncodedPairs, bare: Uint8Array): Buffer {
  const set: Buffer[] = [
    wide('x-opt-sequence-number', 0x81, facts.sequence),
    wide('x-opt-enqueue-sequence-number', 0x81, facts.enqueuedSequence),
    wide('x-opt-enqueued-time', 0x83, facts.enqueuedAt),
  ];
  if (facts.lockedUntil !== null) set.push(wide('x-opt-locked-until', 0x83, facts.lockedUntil));
  if (facts.scheduledFor !== null) set.push(wide('x-opt-scheduled-enqueue-time', 0x83, facts.scheduledFor));
  if (facts.state !== 0) {
    set.push(Buffer.concat([symbol('x-opt-message-state'), Buffer.from([0x54, facts.state])]));
  }
  if (facts.deadLetterSource !== null) {
    const source = write(types.wrap_string(facts.deadLetterSource));
    set.push(Buffer.concat([symbol('x-opt-deadletter-source'), source]));
  }
  const map = compound(0xd1, annotations.count + set.length * 2, [...set, asBuffer(annotations.bytes)]);
  return Buffer.concat([header(facts), Buffer.from([0x00, 0x53, SECTION.messageAnnotations]), map, bare]);
}

function header(facts: DeliveryFacts): Buffer {
  const fields = [
    Buffer.from([facts.durable ? 0x41 : 0x42]),
    facts.priority === null ? NULL : Buffer.from([0x50, facts.priority]),
    facts.ttl === null || facts.ttl > MAX_UINT ? NULL : uint(facts.ttl),
    Buffer.from([0x42]),
    uint(facts.deliveryCount),
  ];
  return Buffer.concat([Buffer.from([0x00, 0x53, SECTION.header]), compound(0xd0, fields.length, fields)]);
}

const NULL = Buffer.from([0x40]);
const MAX_UINT = 0xffffffff;

function uint(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x70;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

/** A list32 or map32 around elements that are encoded already. */
function compound(code: 0xd0 | 0xd1, count: number, content: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(9);
  head[0] = code;
  head.writeUInt32BE(4 + content.reduce((sum, part) => sum + part.length, 0), 1);
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, ...content]);
}

function wide(key: string, code: 0x81 | 0x83, value: number): Buffer {
  const name = symbol(key);
  const bytes = Buffer.alloc(name.length + 9);
  name.copy(bytes);
  bytes[name.length] = code;
  bytes.writeBigInt64BE(BigInt(Math.trunc(value)), name.length + 1);
  return bytes;
}

const SYMBOLS = new Map<string, Buffer>();
function symbol(key: string): Buffer {
  const known = SYMBOLS.get(key);
  if (known) return known;
  const bytes = Buffer.concat([Buffer.from([0xa3, key.length]), Buffer.from(key, 'ascii')]);
  SYMBOLS.set(key, bytes);
  return bytes;
}

function write(value: Typed): Buffer {
  const writer = new Writer();
  writer.write(value);
  return Buffer.from(writer.toBuffer());
}
// rhea exports its encoder, its typings do not.
const { Writer } = types as unknown as {
  Writer: new () => { write(value: Typed): void; toBuffer(): Buffer };
};

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * A lock token is a UUID; on a delivery tag it is in the byte order of .NET's Guid.ToByteArray, which keeps the
 * first three groups little-endian. Management requests carry it in RFC 4122 order.
 */
export function tagOfToken(token: string): Buffer {
  return guidOrder(Buffer.from(token.replaceAll('-', ''), 'hex'));
}
export function tokenOfTag(tag: Uint8Array): string {
  return tokenOfUuid(guidOrder(Buffer.from(tag)));
}
export function tokenOfUuid(uuid: Uint8Array): string {
  const hex = asBuffer(uuid).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
function guidOrder(bytes: Buffer): Buffer {
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
