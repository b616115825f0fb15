// 文件是哪一类: 网页的图标与类型名, 服务器的筛选都按它; 只看 MIME 与扩展名, 不看内容

export type FileKind =
  | 'image'
  | 'audio'
  | 'video'
  | 'document'
  | 'spreadsheet'
  | 'presentation'
  | 'archive'
  | 'code'
  | 'other';

const BY_EXTENSION: Readonly<Record<Exclude<FileKind, 'other'>, string>> = {
  // 有 MIME 时以它为准; 这三行给还没有发出去的文件
  image: 'jpg jpeg png gif webp avif bmp heic heif tif tiff ico psd',
  audio: 'mp3 wav flac m4a aac ogg opus wma amr',
  video: 'mp4 mov mkv webm avi m4v wmv mpg mpeg flv',
  document: 'pdf doc docx odt rtf txt md epub pages wps mobi ofd',
  spreadsheet: 'xls xlsx xlsm ods csv tsv numbers et',
  presentation: 'ppt pptx odp key pps ppsx dps',
  archive: 'zip rar 7z tar gz tgz bz2 xz zst lz4 iso dmg cab jar deb rpm',
  code: 'js mjs ts tsx jsx json html htm css scss xml svg yaml yml toml ini sh py go rs java kt c h cpp hpp cs rb php sql swift lua vue log ipynb',
};
const KIND_OF_EXTENSION: ReadonlyMap<string, FileKind> = new Map(
  Object.entries(BY_EXTENSION).flatMap(([kind, list]) =>
    list.split(' ').map((extension): [string, FileKind] => [extension, kind as FileKind]),
  ),
);
// 扩展名说不清时才看 MIME; 先写的先算
const BY_MIME: readonly [RegExp, FileKind][] = [
  [/^image\//, 'image'],
  [/^audio\//, 'audio'],
  [/^video\//, 'video'],
  [/spreadsheet|ms-excel|csv/, 'spreadsheet'],
  [/presentation|powerpoint/, 'presentation'],
  [/pdf|msword|wordprocessing|opendocument\.text|epub|rtf|text\/(?:plain|markdown)/, 'document'],
  [/zip|compressed|x-tar|x-7z|x-rar|gzip|zstd/, 'archive'],
  [/^text\/|json|xml|javascript|x-sh\b/, 'code'],
];

/** 扩展名, 小写, 不带点; 没有时为空串 */
function extensionOf(name: string): string {
  return /[^.]\.([^.\s]{1,10})$/u.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** SVG 与 HTML 算代码: 服务器只当附件发, 不能当图片看 */
export function kindOf(mimeType: string, name: string): FileKind {
  const media = /^(?:audio|video)\//.exec(mimeType) ?? /^image\/(?!svg)/.exec(mimeType);
  if (media !== null) return mimeKind(mimeType);
  return KIND_OF_EXTENSION.get(extensionOf(name)) ?? mimeKind(mimeType);
}

function mimeKind(mimeType: string): FileKind {
  return BY_MIME.find(([pattern]) => pattern.test(mimeType))?.[1] ?? 'other';
}

/** 给人看的类型: 短的扩展名大写 (PDF); 没有或太怪时为 undefined, 用类别的名字 */
export function shortType(name: string): string | undefined {
  const extension = extensionOf(name);
  return /^[a-z0-9]{1,5}$/.test(extension) ? extension.toUpperCase() : undefined;
}

/** 文件列表的大类, 各含哪几类; 网页的分类按钮与 search 的 group 都按它 */
export const KINDS_IN_GROUP = {
  image: ['image'],
  media: ['audio', 'video'],
  document: ['document', 'spreadsheet', 'presentation'],
  other: ['archive', 'code', 'other'],
} as const satisfies Record<string, readonly FileKind[]>;

export type FileGroup = keyof typeof KINDS_IN_GROUP;

export const FILE_GROUPS = Object.keys(KINDS_IN_GROUP) as readonly FileGroup[];
