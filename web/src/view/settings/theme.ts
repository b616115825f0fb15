// 主题: 跟随系统或用户选定; 结果写在 html 的 data-theme 上, 样式只认它
import type { Theme } from '../../model/preferences.js';
import type { Signal } from '../../model/signal.js';

export function followTheme(theme: Signal<Theme>, life: AbortSignal): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = (): void => {
    const chosen = theme.get();
    document.documentElement.dataset['theme'] =
      chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen;
  };
  system.addEventListener('change', apply, { signal: life });
  theme.watch(apply, life);
}
