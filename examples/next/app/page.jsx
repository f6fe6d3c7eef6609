import { Picture } from './picture'

export default function Page() {
  return <Picture prompt="red heart" style="3d" seed={42} />
}
