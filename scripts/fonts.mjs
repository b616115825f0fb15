// 中文字体: 浏览器与桌面客户端的测试都要在 Linux 上显示汉字
import { say } from './lib.mjs';
import { manualCommand, probe } from './system-packages.mjs';

// fontconfig 带来 fc-list; 没有它下次还会以为缺字体
const FONT_PACKAGES = ['fontconfig', 'fonts-noto-cjk'];

/** 要装的包; 已有中文字体则为空 */
export function missingFontPackages() {
  return hasChineseFont() ? [] : FONT_PACKAGES;
}

/** 装不上也照跑: 只是截图难看 */
export function warnAboutFonts(reason) {
  say(`警告: 没有中文字体, 截图里的汉字会是方框 (${reason})。可以手动安装: ${manualCommand(FONT_PACKAGES)}`);
}

// macOS 与 Windows 自带中文字体
function hasChineseFont() {
  return process.platform !== 'linux' || probe('fc-list', [':lang=zh']).output.trim() !== '';
}
