// WebSocket 连接的几类: uWS 的单帧上限属于路由, 半截的帧又一直占着内存, 所以整帧的只给少数连接
import type { MemberKind } from '../chat/member.js';
import type { ShareName } from '../quota/limits.js';

export interface FrameClass {
  readonly kind: MemberKind;
  /** 应用的单帧上限 (字节): 超过的以 1009 断开, 说明原因 */
  readonly frameBytes: number;
  /** 这一类按地址另计的份额 */
  readonly share: ShareName | undefined;
}

/** 小帧: 自带的客户端只需要这么大, 再大的文件走分片 */
export const SMALL_FRAME_BYTES = 1024 * 1024;
/** 传输连接最大的合法帧: 1 MiB 数据的 Base64, 每个字符都写成 \/ 也装得下 */
const TRANSFER_FRAME_BYTES = 3 * 1024 * 1024;
/** 传输上限高出应用上限这么多: 略微超出的还来得及说明原因, 再大的由 uWS 直接切断 */
export const FRAME_SLACK_BYTES = 64 * 1024;

export interface FrameClasses {
  readonly large: FrameClass;
  readonly small: FrameClass;
  readonly transfer: FrameClass;
}

/** frameBytes: files.frameBytes; 调得比小帧还小时, 两类一样大 */
export function frameClasses(frameBytes: number): FrameClasses {
  return {
    large: { kind: 'chat', frameBytes, share: 'largeFrames' },
    small: { kind: 'chat', frameBytes: Math.min(frameBytes, SMALL_FRAME_BYTES), share: undefined },
    transfer: {
      kind: 'transfer',
      frameBytes: Math.min(frameBytes, TRANSFER_FRAME_BYTES),
      share: 'transfers',
    },
  };
}
