from orbits import Body, energy, step


def test_energy_stays():
    sun = Body("Sun", 1.0, 0, 0)
    earth = Body("Earth", 3e-6, 1, 0, vy=0.0172)
    before = energy([sun, earth])
    for _ in range(365):
        step([sun, earth], 1.0)
    assert abs(energy([sun, earth]) / before - 1) < 1e-4
