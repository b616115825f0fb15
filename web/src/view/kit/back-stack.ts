// 浏览器的后退先关上盖着的一层 (大图, 手机上的抽屉), 而不是离开本页; 每打开一层压一条历史记录

export interface BackStack {
  /** 打开之后调用; 后退时调用 close 一次 */
  opened(close: () => void): void;
  /** 用别的办法关上之后调用: 收回那条历史记录。后退关上的不必调用, 调用了也没有作用 */
  closed(close: () => void): void;
}

export function createBackStack(life: AbortSignal): BackStack {
  const layers: (() => void)[] = [];
  // 自己调用的 back() 也会来一个 popstate, 那不是用户的后退
  let ownBacks = 0;
  const onPopState = (): void => {
    if (ownBacks > 0) ownBacks -= 1;
    else layers.pop()?.();
  };
  window.addEventListener('popstate', onPopState, { signal: life });
  // 界面重建时打开的层都没有了, 它们的记录也要收回
  const takeBack = (): void => {
    if (layers.length > 0 && isOurs()) history.go(-layers.length);
  };
  life.addEventListener('abort', takeBack, { once: true });
  return {
    opened: (close) => {
      layers.push(close);
      history.pushState({ layer: layers.length }, '');
    },
    closed: (close) => {
      const index = layers.lastIndexOf(close);
      if (index < 0) return;
      layers.splice(index, 1);
      // 刚关上又打开, 两次后退可能撞在一起; 已经在最底下就不再退, 宁可多留一条也不离开本页
      if (!isOurs()) return;
      ownBacks += 1;
      history.back();
    },
  };
}

function isOurs(): boolean {
  return history.state !== null;
}
