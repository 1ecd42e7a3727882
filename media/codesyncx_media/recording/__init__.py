"""Recording a call: one film with who speaks or what is shown, and everybody's voice.

The media process forwards and never decodes. So it only chooses what is shown (`choice`), says
when each frame was taken (`timeline`) and hands frames to a process of its own (`feed`,
`recorder`). That one decodes, mixes and encodes (`studio`) and writes a film that plays whenever
it ends (`film`, `store`); if it is slow or dies, the call doesn't notice.
"""
