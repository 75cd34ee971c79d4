// A map: coast and communes from a file of ours, tiles only where the city has some, and on it what the page's own lists say, or
// thousands of devices. A list that is exchanged by the server changes the map: there is one truth.

const L = window.L;
const box = document.querySelector('[data-map]');
const rtl = document.documentElement.dir === 'rtl';
const at = p => [p[1], p[0]];

const map = L.map(box, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 9, maxZoom: box.dataset.field ? 19 : 17, zoomAnimation: !box.dataset.field });
const outlined = L.latLngBounds(JSON.parse(box.dataset.box));
map.setView(outlined.getCenter(), 11);
const zoom = L.control.zoom({ position: rtl ? 'topleft' : 'topright', zoomInTitle: box.dataset.in, zoomOutTitle: box.dataset.out });
zoom.addTo(map);
L.control.scale({ imperial: false, maxWidth: 140, position: rtl ? 'bottomleft' : 'bottomright' }).addTo(map);
for (const [pane, level] of [['water', 210], ['land', 220], ['tiles', 225], ['zones', 230], ['names', 240]]) map.createPane(pane).style.zIndex = level;

async function ground() {
  const answer = await fetch(box.dataset.ground, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(String(answer.status));
  const o = await answer.json(), still = { interactive: false, smoothFactor: 0.6 };
  const [water, land, zones] = ['water', 'land', 'zones'].map(pane => L.svg({ pane, padding: 0.4 }));
  const coast = o.coast.map(at);
  if (box.dataset.tiles) L.tileLayer(box.dataset.tiles, { pane: 'tiles', maxZoom: 19 }).addTo(map);
  for (const [weight, className] of [[46, 'w0'], [26, 'w1'], [11, 'w2']]) L.polyline(coast, { ...still, pane: 'water', renderer: water, weight, className }).addTo(map);
  L.polygon(o.land.map(at), { ...still, pane: 'land', renderer: land, className: 'land', weight: 0, fillOpacity: 1 }).addTo(map);
  for (const zone of o.zones) {
    L.polygon(zone.rings.map(ring => [ring.map(at)]), { ...still, pane: 'zones', renderer: zones, className: zone.inner ? 'zn in' : 'zn', weight: 0.8, fill: false }).addTo(map);
    const icon = L.divIcon({ className: 'zone-name', iconSize: null });
    const name = L.marker(at(zone.label), { icon, interactive: false, keyboard: false, pane: 'names' }).addTo(map).getElement();
    name.textContent = zone[box.dataset.zone];
    name.setAttribute('aria-hidden', 'true');
  }
  for (const line of o.lines ?? []) L.polyline(line.map(at), { ...still, pane: 'zones', renderer: zones, className: 'zn', weight: 0.8 }).addTo(map);
  L.polyline(coast, { ...still, pane: 'zones', renderer: zones, className: 'coast', weight: 1.4 }).addTo(map);
}

const marks = new Map();

function show() {
  const seen = new Set();
  for (const el of document.querySelectorAll('[data-lat]')) {
    const { id, lat, lon, look, text, name, href } = el.dataset;
    if (seen.has(id)) continue;
    seen.add(id);
    let mark = marks.get(id);
    if (!mark) {
      const icon = L.divIcon({ className: 'mark', iconSize: [34, 34], html: '<span aria-hidden="true"><b></b></span><em aria-hidden="true"></em>' });
      mark = L.marker([Number(lat), Number(lon)], { icon, riseOnHover: true }).addTo(map);
      const element = mark.getElement(), follow = () => { location.href = element.dataset.href; };
      element.setAttribute('role', 'link');
      mark.on('click', follow);
      element.addEventListener('keydown', e => { if (e.key === 'Enter') follow(); });
      marks.set(id, mark);
    }
    const element = mark.getElement();
    element.dataset.href = href;
    element.setAttribute('aria-label', el.dataset.label);
    element.firstChild.className = look;
    element.firstChild.firstChild.textContent = text;
    element.querySelector('em').dataset.name = name;
  }
  for (const [id, mark] of marks) if (!seen.has(id)) { mark.remove(); marks.delete(id); }
  requestAnimationFrame(declutter);
}

// Names give way: those of marks to marks, the worst first, those of zones to all.
function declutter() {
  const rect = el => el.getBoundingClientRect();
  const hit = (a, b) => a.left < b.right + 3 && a.right + 3 > b.left && a.top < b.bottom + 1 && a.bottom + 1 > b.top;
  const taken = [...box.querySelectorAll('.mark > span')].map(rect);
  for (const name of box.querySelectorAll('.mark > em, .zone-name')) {
    const mine = rect(name), away = !mine.width || taken.some(other => hit(mine, other));
    name.classList.toggle('away', away);
    if (!away) taken.push(mine);
  }
}

function fit(bounds) {
  if (bounds?.isValid()) map.fitBounds(bounds, { padding: [46, 46], maxZoom: 14 });
}

show();
fit(L.latLngBounds([...marks.values()].map(mark => mark.getLatLng())));
const drawn = ground().catch(() => box.classList.add('bare'));
if (box.dataset.field) {
  fit(await (await import('./field.js')).field(map, box));
  // What the new window shows is drawn with the next frame.
  await new Promise(requestAnimationFrame);
}
await drawn;
// Where the outlines do not reach nobody knows of a sea.
box.classList.toggle('inland', !map.getBounds().intersects(outlined));
await document.fonts.ready;
declutter();
map.on('zoomend', () => requestAnimationFrame(declutter));
document.addEventListener('refreshed', show);
box.dataset.drawn = '1';
// For whoever measures: since the page was asked for, until it is drawn and answers.
requestAnimationFrame(() => setTimeout(() => { box.dataset.interactive = performance.now(); }));
