/** A multipart form as twine and uv send it; parts in the given order, a `Blob` being the file. */
export async function uploadBody(
  parts: readonly (readonly [
    name: string,
    value: string | { readonly fileName: string; readonly bytes: Uint8Array },
  ])[],
): Promise<{ readonly contentType: string; readonly bytes: Uint8Array }> {
  const form = new FormData();
  for (const [name, value] of parts)
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value.bytes)]), value.fileName);
  const response = new Response(form);
  return {
    contentType: response.headers.get("content-type") ?? "",
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}
