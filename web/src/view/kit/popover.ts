// 按钮下面弹出的一块: 有原生 popover 就用 (Esc, 点外面, 顶层都由浏览器管), 没有则自己来

export interface Popover {
  show(): void;
  hide(): void;
}

// 与视口边缘的距离 (CSS 像素)
const MARGIN = 8;

/** panel 须有 id; 位置在每次打开时按按钮算 */
export function attachPopover(button: HTMLButtonElement, panel: HTMLElement, life: AbortSignal): Popover {
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', panel.id);
  panel.classList.add('popover');
  const opened = (open: boolean): void => {
    button.setAttribute('aria-expanded', String(open));
    if (open) placeBelow(button, panel);
  };
  return 'popover' in HTMLElement.prototype
    ? native(button, panel, opened, life)
    : substitute(button, panel, opened, life);
}

type Opened = (open: boolean) => void;

function native(button: HTMLButtonElement, panel: HTMLElement, opened: Opened, life: AbortSignal): Popover {
  panel.popover = 'auto';
  // 由浏览器认作一对: 点按钮不会先因点外面关掉又立即打开
  button.popoverTargetElement = panel;
  panel.addEventListener('toggle', (event) => opened((event as ToggleEvent).newState === 'open'), {
    signal: life,
  });
  return { show: () => panel.showPopover(), hide: () => panel.hidePopover() };
}

function substitute(
  button: HTMLButtonElement,
  panel: HTMLElement,
  opened: Opened,
  life: AbortSignal,
): Popover {
  const set = (open: boolean): void => {
    panel.hidden = !open;
    opened(open);
  };
  const popover: Popover = { show: () => set(true), hide: () => set(false) };
  set(false);
  button.addEventListener('click', () => set(panel.hidden !== false), { signal: life });
  document.addEventListener(
    'pointerdown',
    ({ target }) => {
      const inside = target instanceof Node && (panel.contains(target) || button.contains(target));
      if (!inside) popover.hide();
    },
    { signal: life },
  );
  document.addEventListener(
    'keydown',
    ({ key }) => {
      if (key !== 'Escape' || panel.hidden !== false) return;
      popover.hide();
      button.focus();
    },
    { signal: life },
  );
  return popover;
}

// 右边对齐按钮, 不出视口
function placeBelow(button: HTMLElement, panel: HTMLElement): void {
  const box = button.getBoundingClientRect();
  const right = Math.max(MARGIN, document.documentElement.clientWidth - box.right);
  panel.style.setProperty('top', `${box.bottom + 4}px`);
  panel.style.setProperty('right', `${right}px`);
}
