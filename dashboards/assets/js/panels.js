// Panels are the server's: the page is fetched again and each panel that changed is exchanged, so there
// is one set of templates. Single values are written in place as they come.

const format = new Map();

function number(value, decimals) {
  const places = decimals === 'auto' ? (Math.abs(value) < 9.95 ? 1 : 0) : Number(decimals);
  if (!format.has(places)) {
    format.set(places, new Intl.NumberFormat(document.body.dataset.locale,
      { minimumFractionDigits: places, maximumFractionDigits: places, numberingSystem: 'latn' }));
  }
  return format.get(places).format(value).replace('-', '\u2212');
}

let places = null;

function index() {
  places = new Map();
  for (const el of document.querySelectorAll('[data-s]')) {
    const known = places.get(el.dataset.s);
    known ? known.push(el) : places.set(el.dataset.s, [el]);
  }
}

/** Writes readings where they are shown. */
export function write(readings) {
  if (!places) index();
  for (const r of readings) {
    if (r.grade === 'bad') continue;
    for (const el of places.get(`${r.device}|${r.quantity}|${r.channel}`) ?? []) {
      const text = number(r.value, el.dataset.d), b = el.querySelector('b');
      if (b.textContent === text) continue;
      b.textContent = text;
      el.classList.add('up');
      setTimeout(() => el.classList.remove('up'), 60);
    }
  }
}

// A panel that somebody is using stays as it is until the next time.
function used(panel) {
  const marked = getSelection();
  return panel.contains(document.activeElement) || (marked && !marked.isCollapsed && panel.contains(marked.anchorNode));
}

let busy = false;

/** Fetches the page and exchanges what changed; false if it could not be had. */
export async function refresh() {
  if (busy) return true;
  busy = true;
  try {
    const answer = await fetch(location.pathname, { credentials: 'same-origin', signal: AbortSignal.timeout(20000) });
    if (!answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const panel of fresh.querySelectorAll('[data-panel]')) {
      const here = document.getElementById(panel.id);
      if (here && !used(here) && here.innerHTML !== panel.innerHTML) here.replaceChildren(...panel.childNodes);
    }
    document.title = fresh.title;
    index();
    return true;
  } catch {
    return false;
  } finally {
    busy = false;
  }
}
