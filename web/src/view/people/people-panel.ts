// 在线用户: 人数, 搜索, 名单; 每帧至多画一次, 没有变的行不动
import { currentLanguage } from '../../i18n/bilingual.js';
import { peopleTexts } from '../../i18n/people.js';
import { h, onNextFrame, type ViewContext } from '../kit/dom.js';
import { avatar } from '../kit/person.js';
import { drawnPeople } from './people-list.js';
import { SortedNames } from './sorted-names.js';

export function createPeoplePanel({ model, life, ui }: ViewContext): HTMLElement {
  const texts = peopleTexts();
  const count = h('span', { class: 'people-count' });
  const search = h('input', {
    type: 'search',
    class: 'people-search',
    placeholder: texts.search,
    'aria-label': texts.search,
    autocomplete: 'off',
  });
  search.value = ui.peopleQuery;
  const list = h('ul', { class: 'people-list', role: 'list', 'aria-label': texts.title });
  const more = h('p', { class: 'people-more', hidden: true });
  const sorted = new SortedNames(currentLanguage() === 'zh' ? 'zh-CN' : 'en');
  const draw = createDrawer(list);

  const render = (): void => {
    const { names, online } = model.people;
    const own = model.identity.get()?.name;
    const drawn = drawnPeople(sorted.update(names), own, search.value, online);
    setText(count, String(online));
    draw(drawn.names, own);
    setText(more, noteOf(drawn.names.length, drawn.hidden));
    more.hidden = more.textContent === '';
  };
  const schedule = onNextFrame(render, life);
  model.people.changed.subscribe(schedule, life);
  model.identity.subscribe(schedule, life);
  const onSearch = (): void => {
    ui.peopleQuery = search.value;
    schedule();
  };
  search.addEventListener('input', onSearch, { signal: life });
  render();
  const title = h('h2', { class: 'people-title' }, texts.title, ' ', count);
  // 名单能滚动, 键盘也要到得了
  const scroller = h(
    'div',
    { class: 'people-scroller', tabindex: 0, role: 'group', 'aria-label': texts.title },
    list,
    more,
  );
  return h('section', { class: 'people' }, title, search, scroller);
}

function noteOf(drawn: number, hidden: number): string {
  if (drawn === 0) return peopleTexts().none;
  return hidden > 0 ? peopleTexts().more(hidden) : '';
}

// 同样的文字不再写: 每次写都会让读屏软件与排版重来
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function createDrawer(list: HTMLElement): (names: readonly string[], own: string | undefined) => void {
  let shown = new Map<string, HTMLElement>();
  return (names, own) => {
    const next = new Map<string, HTMLElement>();
    for (const name of names) {
      // 自己的一行多一个标签, 键也不同
      const key = name === own ? `own ${name}` : `other ${name}`;
      next.set(key, shown.get(key) ?? personRow(name, name === own));
    }
    for (const [key, element] of shown) if (!next.has(key)) element.remove();
    let cursor = list.firstChild;
    for (const element of next.values()) {
      if (element === cursor) cursor = cursor.nextSibling;
      else list.insertBefore(element, cursor);
    }
    shown = next;
  };
}

function personRow(name: string, own: boolean): HTMLElement {
  const label = h('bdi', { class: 'people-name', dir: 'auto', title: name }, name);
  const mark = own && h('span', { class: 'people-me' }, peopleTexts().me);
  return h('li', { class: own ? 'people-row people-own' : 'people-row' }, avatar(name), label, mark);
}
