/** One of the small stand-ins that share the process "Local services". */
export interface Service {
  /** Also names its port on the command line. */
  readonly name: string;
  start(options: ServiceOptions): Promise<RunningService>;
}

export interface ServiceOptions {
  /** Of the whole stack: each service makes its own folder in it. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  port(name: string): number;
  log(line: string): void;
}

export interface RunningService {
  /** What stack.json tells about it; never secrets of others. */
  readonly info: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}
