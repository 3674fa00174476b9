import { useState, type FormEvent } from 'react'
import { useSource } from '../live/context'
import { useCounts } from '../live/event'
import { Icon } from '../part/icon'
import { Popover } from '../part/popover'
import { SwatchPicker } from '../part/swatch'
import { addProject, changeProject, projects, type Project } from './project'

export function ProjectList() {
  const list = useSource(projects)
  const counts = useCounts()
  return (
    <section className="side-part" aria-labelledby="projects-head">
      <h2 id="projects-head">Projects</h2>
      <ul className="projects" data-testid="projects">
        {list.map((project) => (
          <Row key={project.id} project={project} count={counts.get(project.id) ?? 0} />
        ))}
      </ul>
      <NewProject />
    </section>
  )
}

function Row({ project, count }: { project: Project; count: number }) {
  return (
    <li className="project" data-testid="project" data-project-id={project.id} data-shown={project.shown}>
      <label className="project-switch" style={{ color: project.color }}>
        <input
          type="checkbox"
          checked={project.shown}
          data-testid="project-shown"
          onChange={(event) => changeProject(project.id, { shown: event.target.checked })}
        />
        <span className="project-name">{project.name}</span>
      </label>
      {project.shown && count > 0 && (
        <span className="project-count" title={`${count} ${count === 1 ? 'event' : 'events'}`}>
          {count}
        </span>
      )}
      <Popover
        id={`color-of-${project.id}`}
        label={`Colour of ${project.name}`}
        title={`Colour of ${project.name}`}
        testId="project-color"
        buttonClass="icon-button small"
        button={<Icon name="palette" />}
      >
        <SwatchPicker
          label={`Colour of ${project.name}`}
          name={`project-${project.id}`}
          value={project.color}
          onChange={(color) => changeProject(project.id, { color })}
        />
      </Popover>
    </li>
  )
}

function NewProject() {
  const [name, setName] = useState('')
  const add = (event: FormEvent) => {
    event.preventDefault()
    addProject(name.trim())
    setName('')
  }
  return (
    <form className="project-new" onSubmit={add}>
      <input
        value={name}
        maxLength={40}
        autoComplete="off"
        placeholder="New project"
        aria-label="Name of a new project"
        data-testid="project-name"
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" className="icon-button" aria-label="Add project" disabled={name.trim() === ''}>
        <Icon name="plus" />
      </button>
    </form>
  )
}
