/** Three dots that go up and down while somebody types. */
export function Typing() {
  return (
    <span className="typing" role="img" aria-label="typing">
      <span />
      <span />
      <span />
    </span>
  )
}
