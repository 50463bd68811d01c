const codes: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  424: 'FailedDependency',
  429: 'TooManyRequests',
  449: 'RetryWith',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
};

/** An answer other than success; `message` reaches the client. */
export class CosmosError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly substatus?: number,
  ) {
    super(message);
  }

  get code(): string {
    return codes[this.status] ?? 'Error';
  }
}

export const badRequest = (message: string, substatus?: number) => new CosmosError(400, message, substatus);
export const notFound = (what: string) =>
  new CosmosError(404, `${what} does not exist. Check its name and, for an item, its partition key value.`);
export const conflict = (message: string) => new CosmosError(409, message);
