// 标签页之间点名: 哪些标签页还活着, 谁开始续传哪个上传; 同一个上传不能两处都在传

/** 点名等这么久: 后台的标签页也答得上来 */
const ROLL_CALL_MS = 300;
// 同时开着的标签页; 更多的不记
const MAX_TABS = 64;

type RollMessage =
  | { readonly type: 'who' }
  | { readonly type: 'here'; readonly tabId: string }
  | { readonly type: 'claim'; readonly uploadId: string };

/** BroadcastChannel 用到的几样 */
export interface RollChannel {
  postMessage(message: RollMessage): void;
  onmessage: ((event: MessageEvent<RollMessage>) => void) | null;
  close(): void;
}

export class TabRollCall {
  readonly #tabId: string;
  readonly #claimed: (uploadId: string) => void;
  readonly #channel: RollChannel | undefined;
  #present = new Set<string>();

  /** channel 为 undefined (浏览器没有 BroadcastChannel): 当作只有自己 */
  constructor(tabId: string, channel: RollChannel | undefined, claimed: (uploadId: string) => void) {
    this.#tabId = tabId;
    this.#claimed = claimed;
    this.#channel = channel;
    if (channel !== undefined) channel.onmessage = ({ data }) => this.#receive(data);
  }

  /**
   * 别的活着的标签页。结果里可能有自己的编号: 复制标签页会连 sessionStorage 一起复制, 那些上传归原来的那页
   */
  async others(): Promise<ReadonlySet<string>> {
    if (this.#channel === undefined) return new Set();
    this.#present = new Set();
    this.#channel.postMessage({ type: 'who' });
    await new Promise((resolve) => setTimeout(resolve, ROLL_CALL_MS));
    return this.#present;
  }

  /** 告诉别的标签页: 这个上传由我来传 */
  claim(uploadId: string): void {
    this.#channel?.postMessage({ type: 'claim', uploadId });
  }

  stop(): void {
    this.#channel?.close();
  }

  #receive(message: RollMessage): void {
    if (message.type === 'who') this.#channel?.postMessage({ type: 'here', tabId: this.#tabId });
    else if (message.type === 'claim') this.#claimed(message.uploadId);
    else if (this.#present.size < MAX_TABS) this.#present.add(message.tabId);
  }
}
