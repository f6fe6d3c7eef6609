/** The element of index.html with this id. Throws if there is none of this type. */
export function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no #${id} of type ${type.name}.`)
  return found
}
