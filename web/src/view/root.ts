// 界面的根: 登录页或聊天界面; 换语言时整个重建, 状态在模型与 UiState 里所以什么也不丢
import { setLanguage } from '../i18n/bilingual.js';
import { shellTexts } from '../i18n/shell.js';
import type { Actions } from '../model/actions.js';
import type { Model } from '../model/model.js';
import { freshUiState } from './kit/ui-state.js';
import { createLogin } from './login.js';
import { followTheme } from './settings/theme.js';
import { createShell } from './shell/shell.js';
import { createToasts } from './status/toasts.js';

export function mountRoot(root: Element, model: Model, actions: Actions): void {
  const forever = new AbortController().signal;
  let mounted = new AbortController();
  let ui = freshUiState();

  const mount = (): void => {
    // 拆除时各部件记下自己的位置, 所以在换掉页面之前
    mounted.abort();
    mounted = new AbortController();
    const context = { model, actions, life: mounted.signal, ui };
    const isIn = model.login.get().phase === 'in';
    root.replaceChildren(isIn ? createShell(context) : createLogin(context), createToasts(context));
    document.title = shellTexts().brand;
  };

  followTheme(model.preferences.theme, forever);
  model.preferences.language.watch((language) => {
    setLanguage(language);
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  }, forever);
  // 登录页自己处理 form 与 entering 之间的变化, 只有进出才换界面
  let shown = isInside(model);
  model.login.subscribe(() => {
    if (isInside(model) === shown) return;
    shown = !shown;
    // 换了人, 上一位看到哪里与搜过什么都不算
    ui = freshUiState();
    mount();
    // 进来就能打字; 触屏上不抢焦点, 键盘弹出来会盖住聊天
    if (shown && matchMedia('(hover: hover)').matches) root.querySelector('textarea')?.focus();
  }, forever);
  model.preferences.language.subscribe(mount, forever);
  mount();
}

function isInside(model: Model): boolean {
  return model.login.get().phase === 'in';
}
