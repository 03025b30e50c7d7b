// node top.mjs PICTURE TARGET HEIGHT: the top of a picture, with few colours.
import sharp from 'sharp';

const [picture, target, height] = process.argv.slice(2);
const image = sharp(picture);
const { width } = await image.metadata();
await image
  .extract({ left: 0, top: 0, width, height: Number(height) })
  .png({ palette: true, colours: 64, effort: 10, compressionLevel: 9 })
  .toFile(target);
