// One EventSource for a page that is looked at. A hidden page gives its connection back: over HTTP/1.1
// a browser has six for a host.

const heard = { readings: [], alert: [], state: [] };
let source = null;
let again = 0;
let wait = 2000;
export const follows = document.body.dataset.stream !== 'off';

function tell(kind, what) {
  for (const listener of heard[kind]) listener(what);
}

function open() {
  clearTimeout(again);
  // Who may not listen to the stream looks again now and then.
  if (source || document.hidden || !follows) return;
  source = new EventSource('/api/v1/events');
  source.onopen = () => { wait = 2000; tell('state', 'live'); };
  source.onerror = () => {
    tell('state', 'lost');
    // The browser tries again by itself unless the answer was an error, such as too many clients.
    if (source?.readyState === EventSource.CLOSED) {
      close();
      again = setTimeout(open, wait);
      wait = Math.min(wait * 2, 60000);
    }
  };
  source.addEventListener('readings', e => tell('readings', JSON.parse(e.data)));
  source.addEventListener('alert', e => tell('alert', JSON.parse(e.data)));
  for (const lost of ['gap', 'resync']) source.addEventListener(lost, () => tell('state', 'gap'));
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
}

document.addEventListener('visibilitychange', () => document.hidden ? close() : open());
addEventListener('pagehide', close);
addEventListener('pageshow', e => { if (e.persisted) open(); });

/** Listens to `readings` (a list), `alert` (a transition) or `state` (`live`, `lost`, `gap`). */
export function on(kind, listener) {
  heard[kind].push(listener);
}

export { open };
