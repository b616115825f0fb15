// 界面能要求的事; 由 app.ts 实现, 界面不认识网络
import type { FileFilter } from './file-finder.js';

/** 用户交来的一个文件; handle 只有拖放与粘贴才可能有 (刷新后可以不再选文件) */
export interface PickedFile {
  readonly file: File;
  readonly handle?: FileSystemFileHandle;
}

export interface Actions {
  enter(name: string): void;
  /** 退出: 离开房间, 忘掉会话, 回到登录 */
  leave(): void;
  /** 立即重连, 不等倒计时 */
  reconnect(): void;

  /** false: 发件箱满了, 文字应留在输入框里 */
  sendText(message: string): boolean;
  retryText(clientId: string): void;
  discardText(clientId: string): void;

  sendFiles(files: readonly PickedFile[]): void;
  pauseTransfer(id: string): void;
  resumeTransfer(id: string): void;
  cancelTransfer(id: string): void;
  retryTransfer(id: string): void;
  /** needs_file 的一项: 用户再次选了文件; 不给 file 时用留着的句柄 (须在用户操作里调用, 会请求授权) */
  reselectTransfer(id: string, picked?: PickedFile): void;
  clearFinished(): void;

  loadOlder(): void;
  /** 跳到很早的一段之后, 取它后面的 */
  loadNewer(): void;
  /** 滚到这一条: 已在记录里的直接去, 否则取它前后的各一页 */
  showMessage(seq: number): void;
  /** 从很早的一段回到最新的一头 */
  showLatest(): void;
  loadMoreFiles(): void;
  /** 文件面板的查找; 没有条件即不再找 */
  searchFiles(filter: FileFilter): void;
  searchOlderFiles(): void;

  /** 空白即清空结果 */
  search(query: string): void;
  searchOlder(): void;
}
