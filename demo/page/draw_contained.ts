import { fit } from '../picture/image_file'

/** Draws a picture as large as the canvas can show all of it, in the middle. */
export function drawContained(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  picture: ImageBitmap,
): void {
  const { canvas } = context
  const { width, height } = fit(picture, canvas)
  context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height)
}
