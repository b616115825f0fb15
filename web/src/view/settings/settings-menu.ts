// 设置: 主题, 语言, 通知, 退出
import { settingsTexts } from '../../i18n/settings.js';
import type { Language, Theme } from '../../model/preferences.js';
import { h, icon, iconButton, type ViewContext } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { avatar } from '../kit/person.js';
import { attachPopover } from '../kit/popover.js';
import { isActive } from '../tray/summary.js';
import { createNotificationSwitch } from './notification-switch.js';

const PANEL_ID = 'settings-panel';
// 换语言会重建整个界面: 新的菜单要接着打开, 焦点仍在语言上
let reopenForLanguage = false;

export function createSettingsMenu(context: ViewContext): HTMLElement {
  const { model, life } = context;
  const texts = settingsTexts();
  const { preferences } = model;
  const button = iconButton(ICONS.settings, texts.settings, 'settings-button');
  const theme = radios<Theme>(texts.theme, 'theme', preferences.theme.get(), [
    ['system', texts.system],
    ['light', texts.light],
    ['dark', texts.dark],
  ]);
  const language = radios<Language>(texts.language, 'language', preferences.language.get(), [
    ['zh', '中文'],
    ['en', 'English'],
  ]);
  const panel = h(
    'div',
    { class: 'settings-panel', id: PANEL_ID, role: 'dialog', 'aria-label': texts.settings },
    createIdentity(context),
    theme.element,
    language.element,
    createNotificationSwitch(preferences, life),
    createLeave(context),
  );
  const popover = attachPopover(button, panel, life);
  theme.element.addEventListener('change', () => preferences.setTheme(theme.value()), { signal: life });
  preferences.theme.subscribe(theme.set, life);
  language.element.addEventListener(
    'change',
    () => {
      reopenForLanguage = true;
      preferences.setLanguage(language.value());
    },
    { signal: life },
  );
  if (reopenForLanguage) {
    reopenForLanguage = false;
    // 这时元素还没有放进页面
    requestAnimationFrame(() => {
      if (life.aborted || !panel.isConnected) return;
      // 先聚焦按钮: 关上时浏览器把焦点还给它
      button.focus();
      popover.show();
      language.element.querySelector<HTMLInputElement>('input:checked')?.focus();
    });
  }
  return h('div', { class: 'settings' }, button, panel);
}

function createIdentity({ model, life }: ViewContext): HTMLElement {
  const name = h('bdi', { class: 'settings-name' });
  const picture = h('span', { class: 'settings-avatar' });
  model.identity.watch((identity) => {
    name.textContent = identity?.name ?? '';
    picture.replaceChildren(...(identity === undefined ? [] : [avatar(identity.name)]));
  }, life);
  const label = h('span', { class: 'settings-label' }, settingsTexts().signedInAs);
  return h('div', { class: 'settings-identity' }, picture, h('div', {}, label, name));
}

/** 还有文件在传时要点两次: 第一次只说明后果 */
function createLeave({ model, actions, life }: ViewContext): HTMLElement {
  const texts = settingsTexts();
  const label = h('span', { 'aria-live': 'polite' }, texts.leave);
  const leave = h('button', { type: 'button', class: 'settings-leave' });
  leave.append(icon(ICONS.exit), label);
  let isConfirming = false;
  const reset = (): void => {
    isConfirming = false;
    label.textContent = texts.leave;
  };
  const onClick = (): void => {
    const active = model.transfers.items.filter(isActive).length;
    if (active === 0 || isConfirming) {
      actions.leave();
      return;
    }
    isConfirming = true;
    label.textContent = texts.confirmLeave(active);
  };
  leave.addEventListener('click', onClick, { signal: life });
  // 走开了就当没点过
  leave.addEventListener('blur', reset, { signal: life });
  return leave;
}

interface Radios<T extends string> {
  readonly element: HTMLFieldSetElement;
  value(): T;
  set(value: T): void;
}

/** 一组单选画成分段按钮; 键盘由浏览器自己处理 */
function radios<T extends string>(
  legend: string,
  name: string,
  chosen: T,
  choices: readonly (readonly [T, string])[],
): Radios<T> {
  const inputs = choices.map(([value]) =>
    h('input', { type: 'radio', name, value, checked: value === chosen }),
  );
  const labels = choices.map(([, text], index) =>
    h('label', { class: 'settings-choice' }, inputs[index], h('span', {}, text)),
  );
  const element = h(
    'fieldset',
    { class: 'settings-group' },
    h('legend', {}, legend),
    h('div', { class: 'settings-choices' }, ...labels),
  );
  const set = (value: T): void => {
    for (const input of inputs) input.checked = input.value === value;
  };
  return { element, set, value: () => choices[inputs.findIndex(({ checked }) => checked)]?.[0] ?? chosen };
}
