/**
 * npm run drill:crash, drill:faults, drill:soak: the whole stack under load while its parts die or fail, then every store is
 * counted. Not part of the tests: a drill takes minutes and its subject is what happens at moments nobody chose.
 */
import { Command, InvalidArgumentError } from 'commander';
import { crashDrill } from './crash';
import { killDurable } from './durable';
import { endpointsDrill } from './endpoints';
import { faultsDrill } from './faults';
import { fuzzDrill } from './fuzz';
import { mllpDrill } from './mllp';
import { outageDrill, outageRetries } from './outage';
import { recordUntilStopped } from './outage-recorder';
import { runDrill } from './drill';
import { soakDrill } from './soak';
import { tamperDrill } from './tamper';

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

const program = new Command('drill').description('Drills on a stack of their own, in a temporary folder.');
program
  .command('crash')
  .summary('host, Service Bus and Cosmos DB are killed three times each under load')
  .option('--messages <n>', 'messages to send', positive, 2000)
  .option('--rate <n>', 'messages per second', positive, 50)
  .action((options: { messages: number; rate: number }) =>
    runDrill('crash', (drill) => crashDrill(drill, Math.ceil(options.messages), options.rate)),
  );
program
  .command('faults')
  .summary('Cosmos DB refuses every fifth request, then is away, then comes back')
  .option('--minutes <n>', 'how long it is away', positive, 10)
  .option('--rate <n>', 'messages per second', positive, 5)
  .action((options: { minutes: number; rate: number }) =>
    runDrill('faults', (drill) => faultsDrill(drill, options.minutes, options.rate)),
  );
program
  .command('durable')
  .summary('the Functions host is killed before and after every step that a Durable workflow writes down')
  .option('--rounds <n>', 'how often the workflow starts over', positive, 4)
  .option('--points <n>', 'so many of the moments, evenly spread')
  .action(({ rounds, points }: { rounds: number; points?: string }) =>
    killDurable(Math.ceil(rounds), points === undefined ? undefined : positive(points)),
  );
program
  .command('endpoints')
  .summary('each conformance suite against a stack that it finds by the environment, as it would find Azure')
  .argument('[suites...]', 'servicebus, cosmos, keyvault, durable, host; without one, all')
  .action((names: string[]) => endpointsDrill(names));
program
  .command('fuzz')
  .summary('messages nobody would send, and messages that grow, through the converter')
  .option('--messages <n>', 'how many', positive, 100_000)
  .option('--seed <n>', 'the first of them', positive, 1)
  .option('--shapes <pattern>', 'which growing messages', '.')
  .action((options: { messages: number; seed: number; shapes: string }) =>
    fuzzDrill(Math.ceil(options.messages), Math.ceil(options.seed), new RegExp(options.shapes)),
  );
program
  .command('mllp')
  .summary('20 MLLP connections through the relay while Service Bus is killed')
  .option('--messages <n>', 'messages to send', positive, 10_000)
  .action((options: { messages: number }) =>
    runDrill('mllp', (drill) => mllpDrill(drill, Math.ceil(options.messages))),
  );
program
  .command('soak')
  .summary(
    'messages, reads and blobs while every twentieth operation fails; nothing is lost and memory stays flat',
  )
  .option('--minutes <n>', 'how long', positive, 10)
  .option('--rate <n>', 'messages per second', positive, 10)
  .action((options: { minutes: number; rate: number }) =>
    runDrill('soak', (drill) => soakDrill(drill, options.minutes, options.rate)),
  );
program
  .command('outage')
  .summary('audit events while Cosmos DB is away, then Service Bus too, then everything is killed')
  .option('--minutes <n>', 'how long Cosmos DB is away', positive, 5)
  .option('--rate <n>', 'events per second', positive, 200)
  .action((options: { minutes: number; rate: number }) =>
    runDrill('outage', (drill) => outageDrill(drill, options.minutes, options.rate), {
      RETRY_DELAYS_SECONDS: outageRetries,
    }),
  );
program
  .command('outage-recorder <data> <receipts> <rate>', { hidden: true })
  .action((data: string, receipts: string, rate: string) => recordUntilStopped(data, receipts, Number(rate)));
program
  .command('tamper')
  .summary("a sealed trail's files are edited in a hundred ways; the default check names each")
  .option('--events <n>', 'how many', positive, 10_000)
  .option('--attacks <pattern>', 'which of them', '.')
  .action((options: { events: number; attacks: string }) =>
    tamperDrill(Math.ceil(options.events), new RegExp(options.attacks)),
  );

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
