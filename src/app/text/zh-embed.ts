// 按含义检索：嵌入模型，以及它为资料库生成的向量。
import type { embed as english } from './en-embed'
import { f } from './zh-words'

export const embed: typeof english = {
  title: '按含义检索',
  body: '段落通常按词语查找。添加自己的嵌入模型后，还会按含义检索资料库，并合并两种排序。',
  folderHelp: '含有 onnx/model.onnx 的 sentence-transformers 文件夹。文件只保存在本浏览器中。',
  addFolder: '选择文件夹',
  adding: '正在试用嵌入模型',
  added: (title) => `${title} 已可使用。`,
  embedder: '嵌入模型',
  embedderOption: (title, dimensions, size) => `${title} · ${dimensions} 维 · ${size}`,
  forget: (title) => `删除嵌入模型 ${title}`,
  library: '资料库',
  prefixes: '前缀',
  queryPrefix: '问题前',
  passagePrefix: '段落前',
  prefixHelp: '有些嵌入模型训练时带前缀，例如 e5 使用“query: ”和“passage: ”。',
  start: (passages) => `为 ${f.number(passages)} 个段落生成向量`,
  resume: '继续',
  again: '重新生成',
  pause: '暂停',
  embedding: (done, total) => `已完成 ${f.number(done)} / ${f.number(total)} 个段落`,
  preparing: '正在打开资料库和嵌入模型',
  pausedAt: (done, total) => `已暂停，完成 ${f.number(done)} / ${f.number(total)} 个段落`,
  progress: '已生成向量的段落',
  done: (title, size) => `每个段落都有 ${title} 生成的向量（${size}）。`,
  stale: '资料库在生成向量后有变动，因此这些向量不会使用。请重新生成。',
  isOn: '也按含义检索这个资料库',
  remove: '删除向量',
  removed: '向量已删除',
  finished: (title) => `现在也会按含义检索“${title}”。`,
}
