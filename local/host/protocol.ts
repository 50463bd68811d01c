/**
 * What the host and its worker process say to each other, and the part of the worker's own contract
 * (`@azure/functions-core`) that the messages carry. The names are those of Azure's worker protocol.
 */

export interface TypedData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: HttpData;
  collectionString?: { string: string[] };
  collectionBytes?: { bytes: Uint8Array[] };
  collectionSint64?: { sint64: LongValue[] };
}

/** How a 64-bit integer reaches JavaScript in a worker fed by protobuf. */
export interface LongValue {
  low: number;
  high: number;
  unsigned: boolean;
}

export interface HttpData {
  method?: string;
  url?: string;
  nullableHeaders?: Record<string, { value: string }>;
  nullableQuery?: Record<string, { value: string }>;
  nullableParams?: Record<string, { value: string }>;
  headers?: Record<string, string>;
  cookies?: HttpCookie[];
  statusCode?: string;
  body?: TypedData | null;
}

export interface HttpCookie {
  name?: string;
  value?: string;
  domain?: { value?: string };
  path?: { value?: string };
  expires?: { value?: { seconds?: number } };
  secure?: { value?: boolean };
  httpOnly?: { value?: boolean };
  maxAge?: { value?: number };
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
}

export interface Binding {
  name: string;
  type: string;
  direction: 'in' | 'out' | 'inout';
  [option: string]: unknown;
}

export interface RetryOptions {
  maxRetryCount: number;
  retryStrategy: string;
  delayInterval?: { seconds: number };
  minimumInterval?: { seconds: number };
  maximumInterval?: { seconds: number };
}

export interface IndexedFunction {
  name: string;
  bindings: Binding[];
  retry?: RetryOptions;
}

export interface RpcException {
  message: string;
  stackTrace?: string;
}

export interface InvocationRequest {
  invocationId: string;
  functionName: string;
  inputData: { name: string; data: TypedData }[];
  triggerMetadata?: Record<string, TypedData>;
  retryContext?: { retryCount: number; maxRetryCount: number; exception?: RpcException };
}

export interface InvocationResponse {
  returnValue?: TypedData | null;
  outputData?: { name: string; data: TypedData }[];
}

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

export type ToWorker =
  { type: 'load'; appDir: string } | ({ type: 'invoke' } & InvocationRequest) | { type: 'terminate' };

export type FromWorker =
  | { type: 'loaded'; functions: IndexedFunction[]; capabilities: Record<string, string> }
  | { type: 'loadFailed'; reason: string; stack?: string }
  | { type: 'log'; level: LogLevel; category: string; message: string; functionName?: string }
  | { type: 'succeeded'; invocationId: string; response: InvocationResponse }
  | { type: 'failed'; invocationId: string; exception: RpcException };
