import { connectionOf, type Connection, type Service } from './connections';
import { HostError } from './errors';
import type { Binding } from './protocol';
import { resolveSettings, type Env } from './settings';

/** Reads the options of one binding; texts have their `%SETTING%` replaced. */
export class BindingOptions {
  readonly where: string;

  constructor(
    functionName: string,
    readonly binding: Binding,
    private readonly env: Env,
  ) {
    this.where = `Function ${functionName}`;
  }

  text(option: string): string | undefined {
    const value = this.binding[option];
    return typeof value === 'string' && value !== ''
      ? resolveSettings(value, this.env, `${this.where}: ${option}`)
      : undefined;
  }

  required(option: string): string {
    const value = this.text(option);
    if (value === undefined)
      throw new HostError(`${this.where}: the ${this.binding.type} binding needs "${option}".`);
    return value;
  }

  number(option: string): number | undefined {
    const value = this.binding[option];
    return typeof value === 'number' ? value : undefined;
  }

  flag(option: string, fallback: boolean): boolean {
    const value = this.binding[option];
    return typeof value === 'boolean' ? value : fallback;
  }

  /** `usual` is the setting that Azure takes where the binding names none. */
  connection(service: Service, usual: string, option = 'connection'): Connection {
    return connectionOf(this.text(option) ?? usual, service, this.env, this.where);
  }
}
