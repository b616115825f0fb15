// 网页入口: 浏览器给的东西交给 app, 界面随语言重建
import { createApp } from './app/app.js';
import { keyValue } from './app/memory.js';
import { restoreOutbox, savedDraft, saveForReload } from './app/page-memory.js';
import { Sessions } from './app/sessions.js';
import { setLanguage } from './i18n/bilingual.js';
import { Model } from './model/model.js';
import { mountRoot } from './view/root.js';

const tab = keyValue(() => sessionStorage);
const browser = keyValue(() => localStorage);
const model = new Model(browser, navigator.languages, savedDraft(tab));
setLanguage(model.preferences.language.get());

// 只有刷新后自己回来的才接着发; 要重新登录的可能是另一个人
restoreOutbox(model, tab, new Sessions(tab, browser).current?.name);
const actions = createApp(model, {
  origin: location.origin.replace(/^http/, 'ws'),
  tab,
  browser,
  indexedDB: globalThis.indexedDB,
  channel: 'BroadcastChannel' in globalThis ? new BroadcastChannel('sluice.uploads') : undefined,
  createUploadWorker: () => new Worker(WORKER_URLS['upload'] ?? '', { type: 'module' }),
  reload: () => location.reload(),
});

// 手机浏览器只保证 pagehide; 标签页被系统收走之前有 visibilitychange
addEventListener('pagehide', () => saveForReload(model, tab));
document.addEventListener('visibilitychange', () => saveForReload(model, tab));
// 网络恢复, 或回到页面时不等退避
addEventListener('online', () => actions.reconnect());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && model.connection.get().phase === 'waiting') actions.reconnect();
});

mountRoot(document.querySelector('#app') ?? document.body, model, actions);
