// 登录页: 一个名字就能进; 进不去时说清原因, 重名时一点就换成没人用的名字
import { shellTexts } from '../i18n/shell.js';
import type { LoginFailure, LoginState } from '../model/connection.js';
import { h, type ViewContext } from './kit/dom.js';
import { errorText } from './kit/error-text.js';

export function createLogin(context: ViewContext): HTMLElement {
  const texts = shellTexts();
  const { model, actions, life } = context;
  const input = h('input', {
    type: 'text',
    id: 'login-name',
    name: 'name',
    autocomplete: 'nickname',
    placeholder: texts.namePlaceholder,
    'aria-describedby': 'login-error',
    enterkeyhint: 'go',
    dir: 'auto',
  });
  input.value = model.rememberedName;
  const enter = h('button', { type: 'submit', class: 'primary' }, texts.enter);
  const problem = h('p', { class: 'login-problem', id: 'login-error', role: 'alert' });
  const form = h(
    'form',
    { class: 'login-form', novalidate: true },
    h('label', { for: 'login-name' }, texts.userName),
    input,
    problem,
    enter,
  );
  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      actions.enter(input.value);
    },
    { signal: life },
  );
  const show = (state: LoginState): void => {
    const entering = state.phase === 'entering';
    // 只读而不禁用: 焦点留在原处
    input.readOnly = entering;
    enter.disabled = entering;
    enter.textContent = entering ? texts.entering : texts.enter;
    const failure = state.phase === 'form' ? state.failure : undefined;
    problem.replaceChildren(...(failure === undefined ? [] : failureNodes(failure, context, input)));
    input.ariaInvalid = failure === undefined ? 'false' : 'true';
    if (failure !== undefined) input.focus();
  };
  model.login.watch(show, life);
  refuseDrops(life);
  // 自动对焦只在没有触摸键盘的设备上: 手机上一进来就弹键盘会盖住说明
  if (matchMedia('(hover: hover)').matches) queueMicrotask(() => input.focus());
  return h('main', { class: 'login' }, card(form, context));
}

// 还没有进来, 发不了文件; 不拦下来, 浏览器会离开本页去打开它 (拖文字照旧落进输入框)
function refuseDrops(life: AbortSignal): void {
  const refuse = (event: DragEvent): void => {
    if (event.dataTransfer === null || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  for (const name of ['dragenter', 'dragover', 'drop'] as const)
    window.addEventListener(name, refuse, { signal: life });
}

function card(form: HTMLElement, { model, life }: ViewContext): HTMLElement {
  const texts = shellTexts();
  const other = h(
    'button',
    { type: 'button', class: 'quiet login-language', lang: texts.otherLang },
    texts.otherLanguage,
  );
  other.addEventListener(
    'click',
    () => model.preferences.setLanguage(model.preferences.language.get() === 'zh' ? 'en' : 'zh'),
    { signal: life },
  );
  return h(
    'div',
    { class: 'login-card' },
    h('img', { src: '/favicon.svg', alt: '', width: 56, height: 56 }),
    h('h1', {}, texts.brand),
    h('p', { class: 'login-lead' }, texts.lead),
    form,
    other,
  );
}

function failureNodes(
  { code, message, suggestion }: LoginFailure,
  { actions, life }: ViewContext,
  input: HTMLInputElement,
): Node[] {
  const nodes: Node[] = [h('span', {}, errorText(code, message))];
  if (suggestion === undefined) return nodes;
  const use = h('button', { type: 'button', class: 'login-suggestion' }, shellTexts().useInstead(suggestion));
  use.addEventListener(
    'click',
    () => {
      input.value = suggestion;
      actions.enter(suggestion);
    },
    { signal: life },
  );
  return [...nodes, use];
}
