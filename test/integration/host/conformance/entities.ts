/** What the conformance app finds where it runs; its app settings, besides the connections. */

export const settings = { SUFFIX: 'one', TICK: '0 0 0 1 1 *', 'AzureWebJobs.off.Disabled': 'true' };

export const DATABASE = 'shop';
export const containers = ['given', 'written', 'watched'];

const queue = (Name: string, more: object = {}) => ({
  Name,
  Properties: { LockDuration: 'PT1M', MaxDeliveryCount: 3, ...more },
});

/** In the terms of the emulator's configuration. */
export const serviceBus = {
  Namespaces: [
    {
      Name: 'ns',
      Queues: [
        ...['single', 'bytes', 'batches', 'out'].map((name) => queue(name)),
        queue('sessions', { RequiresSession: true }),
      ],
      Topics: [
        {
          Name: 'events',
          Properties: {},
          Subscriptions: [
            { Name: 'all', Properties: {} },
            { Name: 'watched', Properties: {} },
          ],
        },
      ],
    },
  ],
  Logging: { Type: 'File' },
};
