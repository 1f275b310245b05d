"""What the driver says, from a driver that is made up; on a machine without one there is no device."""

import pytest

from parity import cuda
from parity.targets import Target, missing


class Driver:
    """Libraries that answer as NVIDIA's do, through the pointers they are handed."""

    def __init__(self, count=2, init=0, nvml=0):
        self.count, self.init, self.nvml = count, init, nvml

    def cuInit(self, flags):
        return self.init

    def cuDeviceGetCount(self, count):
        count._obj.value = self.count
        return 0

    def cuDriverGetVersion(self, version):
        version._obj.value = 13010
        return 0

    def cuDeviceGet(self, handle, number):
        handle._obj.value = number
        return 0

    def cuDeviceGetName(self, name, size, handle):
        name.value = f"NVIDIA Invented {handle.value}".encode()
        return 0

    def cuDeviceTotalMem_v2(self, memory, handle):
        memory._obj.value = (80 + handle.value) << 30
        return 0

    def cuDeviceGetAttribute(self, value, attribute, handle):
        value._obj.value = {75: 9, 76: handle.value}[attribute]
        return 0

    def nvmlInit_v2(self):
        return self.nvml

    def nvmlShutdown(self):
        return 0

    def nvmlSystemGetDriverVersion(self, text, size):
        text.value = b"580.1"
        return 0

    def __call__(self, name):
        return self


def no_library(name):
    raise OSError(f"{name}: cannot open shared object file")


def test_devices_are_told_apart():
    first, second = cuda.devices(Driver())
    assert first == cuda.Device("NVIDIA Invented 0", "9.0", 80 << 30, "580.1", "13.1")
    assert (second.name, second.capability, second.memory) == ("NVIDIA Invented 1", "9.1", 81 << 30)
    assert first.facts()["cuda"] == "13.1"


def test_without_nvml_the_driver_has_no_version():
    assert [d.driver for d in cuda.devices(Driver(nvml=9))] == ["", ""]


@pytest.mark.parametrize("driver", [no_library, Driver(init=100), Driver(count=0)])
def test_no_driver_no_permission_and_no_device_are_no_device(driver):
    assert cuda.devices(driver) == ()


@pytest.fixture
def found(monkeypatch):
    """Lets a test say which devices there are."""

    def these(*devices):
        monkeypatch.setattr(cuda, "devices", lambda: devices)
        cuda.first.cache_clear()

    yield these
    cuda.first.cache_clear()


def test_missing_says_so(found):
    found()
    assert cuda.missing() == "no CUDA device"
    found("a device")
    assert cuda.missing() is None


def test_a_gpu_target_is_missing_without_a_device(found):
    found()
    assert missing(Target("onnxruntime", "gpu")) == "no CUDA device"
    assert missing(Target("onnxruntime", "cpu")) != "no CUDA device"
