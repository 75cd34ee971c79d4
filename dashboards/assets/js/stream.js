// One EventSource for a page that is looked at. A hidden page gives its connection back: over HTTP/1.1
// a browser has six for a host. It asks for what the page shows, so that a city of thousands does not pass through every page.

const heard = { readings: [], alert: [], state: [] };
let source = null;
let again = 0;
let wait = 2000;
let asked = new Set();

// Devices that one stream may name; what further ones say stands in the panels.
const MOST = 100;

const shown = () => [...document.querySelectorAll('[data-s]')].map(el => el.dataset.s.split('|')[0]).slice(0, MOST);

// A map shows all of a kind; other pages show devices by name. One that shows none names nobody, and hears that something was said.
function wanted() {
  const map = document.querySelector('[data-field]');
  if (map) return `kind=${encodeURIComponent(JSON.parse(map.dataset.field).kind)}`;
  asked = new Set(shown());
  return `device=${[...asked].map(encodeURIComponent).join(',') || 'nobody'}`;
}
export const follows = document.body.dataset.stream !== 'off';

function tell(kind, what) {
  for (const listener of heard[kind]) listener(what);
}

function open() {
  clearTimeout(again);
  // Who may not listen to the stream looks again now and then.
  if (source || document.hidden || !follows) return;
  source = new EventSource(`/api/v1/events?${wanted()}`);
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

// A panel that was exchanged may show others.
document.addEventListener('refreshed', () => {
  if (!source || document.querySelector('[data-field]') || shown().every(device => asked.has(device))) return;
  close();
  open();
});
document.addEventListener('visibilitychange', () => document.hidden ? close() : open());
addEventListener('pagehide', close);
addEventListener('pageshow', e => { if (e.persisted) open(); });

/** Listens to `readings` (a list), `alert` (a transition) or `state` (`live`, `lost`, `gap`). */
export function on(kind, listener) {
  heard[kind].push(listener);
}

export { open };
