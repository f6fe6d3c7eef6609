/** Height and width of the pictures, in tokens. */
export const side = 16

/** Colours of the classes, the background first. */
export const colours = ['#fff7e6', '#d6336c', '#f08c00', '#2b8a3e', '#1c7ed6', '#343a40']

const background = 0
const dark = 5
/** Classes that a shape can be filled with. */
const fills = [1, 2, 3, 4]

/** Whether a point of the square −1 … 1 belongs to the shape, or to its dark parts. */
type Shape = (x: number, y: number) => 'fill' | 'dark' | undefined

const heart: Shape = (x, y) => {
  const height = -1.15 * y + 0.25
  return (x * x + height * height - 0.55) ** 3 < x * x * height ** 3 ? 'fill' : undefined
}

const star: Shape = (x, y) => {
  const angle = Math.atan2(x, -y - 0.08)
  const spike = Math.abs((((angle * 5) / (2 * Math.PI) + 5.5) % 1) - 0.5)
  return Math.hypot(x, y + 0.08) < 0.42 + 0.6 * (1 - 2 * spike) ** 1.3 ? 'fill' : undefined
}

const moon: Shape = (x, y) => (Math.hypot(x, y) < 0.92 && Math.hypot(x - 0.5, y + 0.25) > 0.72 ? 'fill' : undefined)

const face: Shape = (x, y) => {
  if (Math.hypot(x, y) > 0.92) return undefined
  if (Math.abs(Math.abs(x) - 0.32) < 0.12 && Math.abs(y + 0.25) < 0.2) return 'dark'
  return y > 0.15 && Math.abs(Math.hypot(x, y - 0.05) - 0.5) < 0.09 ? 'dark' : 'fill'
}

function draw(shape: Shape, fill: number): readonly number[] {
  const place = (index: number) => (2 * index + 1) / side - 1
  return Array.from({ length: side * side }, (_, pixel) => {
    const part = shape(place(pixel % side), place(Math.floor(pixel / side)))
    return part === 'fill' ? fill : part === 'dark' ? dark : background
  })
}

/** All pictures that the toy network knows, [pictures, N]: every shape in every colour. */
export const pictures = [heart, star, moon, face].flatMap((shape) => fills.map((fill) => draw(shape, fill)))
