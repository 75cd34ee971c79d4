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

// A panel that somebody is using, or has opened a part of, stays as it is until the next time.
function used(panel) {
  const marked = getSelection();
  return panel.contains(document.activeElement) || panel.querySelector('details[open]') || (marked && !marked.isCollapsed && panel.contains(marked.anchorNode));
}

const key = row => row.dataset.key;

// A list of rows with keys is exchanged row by row: what is chosen stays chosen, and the focus where it is.
function merge(here, fresh) {
  const known = new Map([...here.children].map(row => [key(row), row]));
  let place = here.firstElementChild;
  for (const row of [...fresh.children]) {
    const old = known.get(key(row));
    known.delete(key(row));
    if (!old) {
      here.insertBefore(row, place);
    } else {
      if (old !== place) here.insertBefore(old, place);
      else place = place.nextElementSibling;
      // What somebody has opened stays open: the same element, since what it asked for may still be on its way.
      const opened = old.querySelector('details[open]'), focus = opened?.contains(document.activeElement) && document.activeElement;
      if (opened) row.querySelector('details')?.replaceWith(opened.cloneNode(true));
      if (old.innerHTML === row.innerHTML && old.className === row.className) continue;
      if (opened) row.querySelector('details')?.replaceWith(opened);
      exchange(old, row);
      if (focus) focus.focus();
    }
  }
  for (const gone of known.values()) gone.remove();
}

function exchange(old, row) {
  const picked = old.querySelector('.pick')?.checked;
  const inside = old.contains(document.activeElement);
  old.className = row.className;
  old.replaceChildren(...row.childNodes);
  const pick = old.querySelector('.pick');
  if (pick && !pick.disabled) pick.checked = picked;
  if (inside) (pick?.disabled ? old.querySelector('a') : pick)?.focus();
}

function update(here, panel) {
  const list = here.querySelector('[data-rows]'), fresh = panel.querySelector('[data-rows]');
  if (list && fresh) {
    merge(list, fresh);
    const [head, news] = [here, panel].map(p => p.querySelector('.head'));
    if (head && head.innerHTML !== news.innerHTML) head.replaceChildren(...news.childNodes);
  } else if (!used(here) && here.innerHTML !== panel.innerHTML) {
    here.replaceChildren(...panel.childNodes);
  }
}

let busy = false;

/** Fetches the page and exchanges what changed; false if it could not be had. */
export async function refresh() {
  if (busy) return false;
  busy = true;
  try {
    const answer = await fetch(location.href, { credentials: 'same-origin', signal: AbortSignal.timeout(20000) });
    if (answer.redirected) document.dispatchEvent(new Event('sent-away'));
    if (!answer.ok || answer.redirected) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const panel of fresh.querySelectorAll('[data-panel]')) {
      const here = document.getElementById(panel.id);
      if (here) update(here, panel);
    }
    document.title = fresh.title;
    index();
    document.dispatchEvent(new CustomEvent('refreshed', { detail: fresh }));
    return true;
  } catch {
    return false;
  } finally {
    busy = false;
  }
}
