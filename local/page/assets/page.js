'use strict';
// Everything that comes from the stack becomes text nodes: a document cannot bring elements with it.

const token = document.querySelector('meta[name=token]').content;
const REFRESH_MS = 3000;

const at = (id) => document.getElementById(id);

/** An element; what is not an element among its children becomes text. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') element.addEventListener('click', value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

async function ask(path, parameters = {}, init = {}) {
  const response = await fetch(`/local/api/${path}?${new URLSearchParams(parameters)}`, init);
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

const time = (value) => (value ? new Date(value).toLocaleString(undefined, { hour12: false }) : '');
const pretty = (value) => (typeof value === 'string' ? value : JSON.stringify(value, undefined, 2));
const number = (value, isAlarm = false) =>
  h('td', { class: isAlarm && value > 0 ? 'number bad' : 'number' }, String(value));
const cell = (...content) => h('td', {}, ...content);
const name = (...content) => h('td', { class: 'name' }, ...content);
const link = (text, onclick) => h('button', { class: 'link', type: 'button', onclick }, text);

function table(heads, rows, nothing) {
  if (rows.length === 0) return h('p', { class: 'empty' }, nothing);
  const head = heads.map((text) =>
    h('th', { class: text.startsWith('#') ? 'number' : undefined }, text.replace('#', '')),
  );
  return h('table', {}, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows));
}

/** Depth over the last half hour, active and dead letters on one scale. */
function plot(active, dead) {
  const SVG = 'http://www.w3.org/2000/svg';
  const top = Math.max(1, ...active, ...dead);
  const width = Math.max(active.length - 1, 1);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'plot');
  svg.setAttribute('viewBox', `0 -1 ${width} 22`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `Depth over time, at most ${top}`);
  const lines = [
    [dead, 'dead'],
    [active, 'active'],
  ];
  for (const [values, kind] of lines) {
    if (kind === 'dead' && values.every((value) => value === 0)) continue;
    const line = document.createElementNS(SVG, 'polyline');
    const points = values.length === 1 ? [values[0], values[0]] : values;
    line.setAttribute('class', kind);
    line.setAttribute('points', points.map((value, x) => `${x},${20 - (value / top) * 20}`).join(' '));
    svg.append(line);
  }
  return svg;
}

const tabs = {
  Queues: {
    load: () => ask('queues'),
    show: (queues) =>
      table(
        ['Queue or subscription', '#Active', '#Scheduled', '#Dead letters', 'Last half hour'],
        queues.map((queue) =>
          h(
            'tr',
            {},
            name(
              link(queue.path, () => open(`Messages of ${queue.path}`, () => messages(queue.path, false))),
            ),
            number(queue.active),
            number(queue.scheduled),
            h(
              'td',
              { class: queue.deadLetter > 0 ? 'number bad' : 'number' },
              queue.deadLetter > 0
                ? link(String(queue.deadLetter), () =>
                    open(`Dead letters of ${queue.path}`, () => messages(queue.path, true)),
                  )
                : '0',
            ),
            cell(plot(queue.depths, queue.deadLetters)),
          ),
        ),
        'There are no queues.',
      ),
  },
  Documents: {
    load: () => ask('containers'),
    show: (containers) =>
      table(
        ['Database', 'Container', 'Partition key'],
        containers.map(({ database, container, partitionKey }) =>
          h(
            'tr',
            {},
            cell(database),
            name(
              link(container, () => open(`${database} / ${container}`, () => documents(database, container))),
            ),
            cell(partitionKey),
          ),
        ),
        'There are no containers.',
      ),
  },
  Functions: {
    load: () => ask('functions'),
    show: (functions) =>
      table(
        ['Function', 'Trigger', 'Listens to', 'Next run', 'Last run', 'Took', ''],
        functions.map((fn) => {
          const [last] = fn.runs;
          return h(
            'tr',
            {},
            name(link(fn.name, () => open(`Runs of ${fn.name}`, () => runs(fn.name)))),
            cell(
              fn.trigger.replace(/Trigger$/i, ''),
              fn.isDisabled ? h('span', { class: 'faint' }, ' disabled') : '',
            ),
            cell(fn.what ?? ''),
            cell(time(fn.next)),
            cell(last ? outcome(last) : '', last ? ` ${time(last.startedAt)}` : ''),
            cell(last ? `${last.durationMs} ms` : ''),
            cell(
              fn.isTimer && !fn.isDisabled
                ? h('button', { class: 'action', type: 'button', onclick: () => run(fn.name) }, 'Run now')
                : '',
            ),
          );
        }),
        'The app has no functions.',
      ),
  },
  Orchestrations: {
    load: () => ask('orchestrations'),
    show: (instances) =>
      table(
        ['Instance', 'Orchestrator', 'Status', 'Created', 'Last updated'],
        instances.map((instance) =>
          h(
            'tr',
            {},
            name(
              link(instance.instanceId, () =>
                open(`Orchestration ${instance.instanceId}`, () => history(instance.instanceId)),
              ),
            ),
            cell(instance.name),
            h(
              'td',
              { class: instance.runtimeStatus === 'Failed' ? 'bad' : undefined },
              instance.runtimeStatus,
            ),
            cell(time(instance.createdTime)),
            cell(time(instance.lastUpdatedTime)),
          ),
        ),
        'There are no orchestrations.',
      ),
  },
  Mail: received('mail', 'No mail was received.'),
  SMS: received('sms', 'No text message was received.'),
  Webhooks: received('webhook', 'No webhook was called.'),
  Payer: received('payer', 'The payer was not asked.'),
};

function received(kind, nothing) {
  return {
    load: () => ask('received', { kind }),
    show: ({ entries }) =>
      table(
        ['Received', 'From', 'To', 'What'],
        entries.map((entry) =>
          h(
            'tr',
            {},
            cell(time(entry.receivedAt)),
            cell(entry.from ?? ''),
            cell(entry.to ?? ''),
            name(
              link(entry.title || '(no title)', () =>
                open(entry.title || '(no title)', () =>
                  h('table', {}, h('tbody', {}, fields({ ...entry.details, body: entry.body }))),
                ),
              ),
            ),
          ),
        ),
        nothing,
      ),
  };
}

const outcome = ({ succeeded }) =>
  h('span', { class: succeeded ? 'good' : 'bad' }, succeeded ? 'Succeeded' : 'Failed');

const fields = (values) =>
  Object.entries(values).map(([key, value]) =>
    h('tr', {}, h('th', {}, key), cell(h('pre', {}, pretty(value ?? '')))),
  );

async function messages(path, deadLetter) {
  const found = await ask('messages', { path, deadLetter });
  return table(
    ['#Sequence', 'Message', 'Enqueued', '#Deliveries', 'Why', 'Properties and body'],
    found.map((message) =>
      h(
        'tr',
        {},
        h('td', { class: 'number' }, message.sequenceNumber ?? ''),
        name(message.messageId),
        cell(time(message.enqueued)),
        number(message.deliveryCount ?? 0),
        cell(h('strong', {}, message.reason ?? message.state ?? ''), ' ', message.description ?? ''),
        cell(h('pre', {}, pretty(message.properties)), h('pre', {}, message.body ?? '')),
      ),
    ),
    'There are no messages.',
  );
}

async function documents(database, container) {
  const { count, documents: newest } = await ask('documents', { database, container });
  return [
    h(
      'p',
      { class: 'note' },
      newest.length < count ? `The newest ${newest.length} of ${count} documents.` : `Documents: ${count}`,
    ),
    table(
      ['Id', 'Changed', 'Document'],
      newest.map(({ id, changed, text }) =>
        h('tr', {}, name(id), cell(time(changed)), cell(h('pre', {}, text))),
      ),
      'The container is empty.',
    ),
  ];
}

async function runs(functionName) {
  const fn = (await ask('functions')).find((candidate) => candidate.name === functionName);
  return table(
    ['Started', 'Result', '#Took', 'Why', 'Invocation'],
    (fn?.runs ?? []).map((each) =>
      h(
        'tr',
        {},
        cell(time(each.startedAt)),
        cell(outcome(each)),
        h('td', { class: 'number' }, `${each.durationMs} ms`),
        cell(each.reason),
        cell(each.id),
      ),
    ),
    'It has not run since the host started.',
  );
}

async function history(id) {
  const { historyEvents, input, output, customStatus } = await ask('orchestration', { id });
  return [
    h('table', {}, h('tbody', {}, fields({ input, output, customStatus }))),
    table(
      ['When', 'Event', 'Function', 'Details'],
      (historyEvents ?? []).map(({ Timestamp, EventType, FunctionName, Name, ...rest }) =>
        h(
          'tr',
          {},
          cell(time(Timestamp)),
          name(EventType),
          cell(FunctionName ?? Name ?? ''),
          cell(h('pre', {}, pretty(rest))),
        ),
      ),
      'Nothing has happened yet.',
    ),
  ];
}

async function run(functionName) {
  await guarded(async () => {
    await ask('run', { name: functionName }, { method: 'POST', headers: { 'x-local-token': token } });
    await refresh();
  });
}

async function open(title, content) {
  await guarded(async () => {
    const detail = at('detail');
    detail.replaceChildren(h('h2', {}, title), ...[await content()].flat());
    detail.hidden = false;
    detail.scrollIntoView({ block: 'nearest' });
  });
}

/** What does not answer is said, and asked again at the next turn. */
async function guarded(work) {
  const problem = at('problem');
  try {
    await work();
    problem.hidden = true;
  } catch (error) {
    problem.textContent =
      error instanceof TypeError ? 'The page does not answer; is the stack running?' : error.message;
    problem.hidden = false;
  }
}

const chosen = () => (Object.hasOwn(tabs, location.hash.slice(1)) ? location.hash.slice(1) : 'Queues');

let shown = '';

async function refresh() {
  const tab = chosen();
  const data = await tabs[tab].load();
  const text = JSON.stringify([tab, data]);
  // Another tab may have been chosen meanwhile; and what is the same keeps its focus and its selection.
  if (tab !== chosen() || text === shown) return;
  shown = text;
  at('list').replaceChildren(tabs[tab].show(data));
}

async function choose() {
  at('detail').hidden = true;
  at('list').replaceChildren();
  shown = '';
  for (const button of at('tabs').children) {
    if (button.textContent === chosen()) button.setAttribute('aria-current', 'page');
    else button.removeAttribute('aria-current');
  }
  await guarded(refresh);
}

async function start() {
  at('tabs').append(
    ...Object.keys(tabs).map((tab) =>
      h('button', { type: 'button', onclick: () => (location.hash = tab) }, tab),
    ),
  );
  addEventListener('hashchange', choose);
  await guarded(async () => {
    const { startedAt, appDir, host } = await ask('stack');
    at('stack').textContent = `${appDir} at ${host}, running since ${time(startedAt)}`;
  });
  await choose();
  for (;;) {
    await new Promise((wake) => setTimeout(wake, REFRESH_MS));
    if (!document.hidden) await guarded(refresh);
  }
}

start();
