// 界面自己的状态: 换语言时整个界面重建, 这些要原样回来; 只在内存里, 离开聊天即丢

/** 没有跟随底部时读者看着的地方 */
export interface LogPlace {
  /** 模型里的键: 可见的第一条 */
  readonly key: string;
  /** 它的上边到可见区上边的距离, 像素 */
  readonly offset: number;
}

/** 各部件在变化时 (聊天记录在拆除时) 写, 在重建时读 */
export interface UiState {
  /** 没有时跟随底部 */
  logPlace: LogPlace | undefined;
  /** 展开的长消息的键; 上限在 log/row-actions.ts */
  readonly expanded: Set<string>;
  peopleQuery: string;
  /** 传输列表: 用户点过收起或展开之后的选择; 没有点过由窗口的高度定 */
  trayOpen: boolean | undefined;
  filesQuery: string;
  /** files/filter.ts 里的分类名 */
  filesGroup: string;
  searchOpen: boolean;
  /** 输入框里的, 可能还没有去搜 */
  searchQuery: string;
}

export function freshUiState(): UiState {
  return {
    logPlace: undefined,
    expanded: new Set(),
    peopleQuery: '',
    trayOpen: undefined,
    filesQuery: '',
    filesGroup: 'all',
    searchOpen: false,
    searchQuery: '',
  };
}
