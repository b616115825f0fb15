// 图片在聊天里占多大: 先定好, 图到了之后不跳

export interface Size {
  readonly width: number;
  readonly height: number;
}

// CSS 像素; 服务器的缩略图最长边也是 320
const MAX_SIDE = 320;
// 再细的图也点得中
const MIN_SIDE = 64;

/** 显示的框; 图在框里只缩不放 (object-fit: scale-down), 太细的图两侧留白 */
export function displayBox(natural: Size): Size {
  const scale = Math.min(1, MAX_SIDE / natural.width, MAX_SIDE / natural.height);
  return { width: side(natural.width * scale), height: side(natural.height * scale) };
}

/** 放得下悬着的两个按钮 (右上角约 84 * 40), 而且图心不被盖住 */
export function fitsOverlay({ width, height }: Size): boolean {
  return width >= 160 && height >= MIN_SIDE;
}

function side(value: number): number {
  return Math.min(MAX_SIDE, Math.max(MIN_SIDE, Math.round(value)));
}
