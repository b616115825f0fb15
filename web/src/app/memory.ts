// 浏览器的存储: 读写都可能抛错 (隐私模式, 配额), 那时当作没有, 页面照常工作
import type { KeyValue } from '../model/preferences.js';

const PREFIX = 'sluice.';

/** open 取得存储对象; 连取得也可能抛 SecurityError */
export function keyValue(open: () => Storage): KeyValue {
  return {
    get: (key) => attempt(() => open().getItem(PREFIX + key)) ?? undefined,
    set: (key, value) => void attempt(() => open().setItem(PREFIX + key, value)),
    remove: (key) => void attempt(() => open().removeItem(PREFIX + key)),
  };
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    console.debug('浏览器存储不可用', error);
    return undefined;
  }
}
