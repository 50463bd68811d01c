/** The addresses that clients are given (HttpApiHandler.GetClientResponseLinks, BindingHelper). */

export interface Addresses {
  hubName: string;
  /** The system key of the host, which opens the public API. */
  key: string;
}

export const PUBLIC_PATH = '/runtime/webhooks/durabletask';
export const LOCAL_PATH = '/durabletask';
/** What the extension calls its storage connection when host.json names none. */
const CONNECTION = 'Storage';
/** durable-functions puts the id in its place. */
const ID_PLACEHOLDER = 'INSTANCEID';

export function managementUrls(origin: string, id: string, { hubName, key }: Addresses) {
  const instance = `${origin}${PUBLIC_PATH}/instances/${encodeURIComponent(id)}`;
  const query = `taskHub=${hubName}&connection=${CONNECTION}&code=${encodeURIComponent(key)}`;
  return {
    id,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/** The text that a durableClient input binding gives its function. */
export function clientBinding(
  origin: string,
  rpcBaseUrl: string | undefined,
  addresses: Addresses,
  hubName = addresses.hubName,
): string {
  const code = `code=${encodeURIComponent(addresses.key)}`;
  const start = `${origin}${PUBLIC_PATH}/orchestrators/{functionName}[/{instanceId}]`;
  return JSON.stringify({
    taskHubName: hubName,
    creationUrls: {
      createNewInstancePostUri: `${start}?${code}`,
      createAndWaitOnNewInstancePostUri: `${start}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${code}`,
    },
    managementUrls: managementUrls(origin, ID_PLACEHOLDER, { ...addresses, hubName }),
    baseUrl: `${origin}${PUBLIC_PATH}`,
    requiredQueryStringParameters: code,
    ...(rpcBaseUrl ? { rpcBaseUrl } : {}),
  });
}
