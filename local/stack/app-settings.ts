export interface PartConnections {
  serviceBus: string;
  cosmos: string;
  storage: string;
}

const HERE = String.raw`(localhost|127\.0\.0\.1|host\.docker\.internal)`;
/** How an app says that it means an emulator on this machine, part by part. */
const EMULATORS: Record<keyof PartConnections, RegExp> = {
  serviceBus: /UseDevelopmentEmulator=true/i,
  cosmos: new RegExp(`AccountEndpoint=https?://${HERE}[:/;]`, 'i'),
  storage: new RegExp(`UseDevelopmentStorage=true|AccountName=devstoreaccount1;.*://${HERE}[:/]`, 'i'),
};

/**
 * An app that was set up for Microsoft's emulators or Azurite runs as it is: those of its settings that name one get
 * the connection string of this stack's part, whatever port and key that has. Other settings stay.
 */
export function emulatorSettings(
  settings: Readonly<Record<string, string>>,
  connections: PartConnections,
): Record<string, string> {
  const parts = Object.keys(EMULATORS) as (keyof PartConnections)[];
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]): [string, string][] => {
      const part = parts.find((candidate) => EMULATORS[candidate].test(value));
      return part ? [[name, connections[part]]] : [];
    }),
  );
}
