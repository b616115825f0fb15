// 网页入口
import type { Actions } from './model/actions.js';
import { Model } from './model/model.js';
import { createShell } from './view/shell.js';

const model = new Model(
  { get: () => undefined, set: () => undefined, remove: () => undefined },
  navigator.languages,
  '',
);
const life = new AbortController();
document.querySelector('#app')?.append(createShell({ model, actions: {} as Actions, life: life.signal }));
